"""RFC 6750: bearer tokens."""

from __future__ import annotations

from tests.conformance.requirements import Registry
from tests.conformance.service import NotApplicable, Service, need, path_of

rfc = Registry(6750)


@rfc.must("2.1", "A token in the Authorization header is accepted.")
def in_the_header(service: Service) -> None:
    user = service.new_user()
    need(service.read(user)["userName"] == user["userName"], "the answer is another user")


@rfc.must("2.1", "The scheme's name is read without regard to case.")
def scheme_in_any_case(service: Service) -> None:
    user = service.new_user()
    answer = service.request("GET", path_of(user), headers={"Authorization": f"bearer {service.token}"}).having(200)
    need(answer.json()["id"] == user["id"], "the answer is another user")


@rfc.should("2.3", "A token in the address is not accepted: it would be in every log.")
def not_in_the_address(service: Service) -> None:
    service.get("/Users").having(200)
    service.request("GET", f"/Users?access_token={service.token}", token=None).refusing(401)


@rfc.may("2.2", "A token in a form body is accepted.")
def in_a_form(service: Service) -> None:
    form = f"access_token={service.token}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    service.request("POST", "/Users", form, headers, token=None).refusing(401)
    raise NotApplicable("the header is the only place; a form body is refused with 401")


@rfc.must("3", "A request without a valid token is answered 401 with WWW-Authenticate: Bearer.")
def challenge(service: Service) -> None:
    for token in (None, "wrong", f"{service.token}x"):
        headers = service.request("GET", "/Users", token=token).having(401).headers
        need(headers.get("www-authenticate", "").startswith("Bearer"), "the scheme is not named")


@rfc.should("3.1", 'An invalid token is answered with error="invalid_token".')
def invalid_token(service: Service) -> None:
    headers = service.request("GET", "/Users", token="wrong").having(401).headers
    need('error="invalid_token"' in headers["www-authenticate"], "the error code is missing")


@rfc.should("3.1", "A request without a token is answered without an error code.")
def no_error_code(service: Service) -> None:
    headers = service.request("GET", "/Users", token=None).having(401).headers
    need(headers["www-authenticate"].startswith("Bearer"), "the scheme is not named")
    need("error=" not in headers["www-authenticate"], "an error code is given")


@rfc.must("5.3", "A token is never in an answer.")
def never_in_an_answer(service: Service) -> None:
    answers = [service.get("/Users"), service.get("/Users/nobody"), service.post("/Users", b"{")]
    statuses = [answer.status for answer in answers]
    need(statuses == [200, 404, 400], f"the requests are answered {statuses}")
    secret = service.token.encode()
    seen = any(secret in answer.content or service.token in str(answer.headers) for answer in answers)
    need(not seen, "an answer repeats the token")
