/* Passkeys: the browser is asked what the portal wants signed, and what it signs is sent with the form. A form that only
   does this is hidden where the browser can't. */
const PROBLEMS = {
    NotAllowedError: "No passkey was used. Try again, or sign in another way.",
    InvalidStateError: "You already have a passkey there.",
    SecurityError: "Passkeys don't work at this address. Use the portal's own address.",
};
const PROBLEM = "Your browser couldn't use a passkey. Try again, or use another browser.";

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const keys = (list) => list.map((key) => ({ ...key, id: bytes(key.id) }));

const CEREMONIES = {
    make: (asked) => navigator.credentials.create({
        publicKey: {
            ...asked,
            challenge: bytes(asked.challenge),
            user: { ...asked.user, id: bytes(asked.user.id) },
            excludeCredentials: keys(asked.excludeCredentials),
        },
    }),
    sign: (asked, how) => navigator.credentials.get({
        publicKey: { ...asked, challenge: bytes(asked.challenge), allowCredentials: keys(asked.allowCredentials) },
        ...how,
    }),
};

/* In the JSON of WebAuthn, section 5.1, which not every browser writes by itself. */
function written(made) {
    const { response } = made;
    const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
    const said = Object.fromEntries(parts.filter((part) => response[part]).map((part) => [part, text(response[part])]));
    return JSON.stringify({
        id: made.id,
        rawId: text(made.rawId),
        type: made.type,
        response: { ...said, transports: response.getTransports?.() ?? [] },
    });
}

async function ask(form) {
    const token = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
    const answer = await fetch(form.dataset.question, { method: "POST", body: token });
    if (answer.status === 429) {
        throw Object.assign(new Error(), await answer.json());
    }
    return answer.ok ? answer.json() : null;
}

async function send(form, how) {
    const asked = await ask(form);
    if (!asked) {
        if (!how) {
            location.reload(); // signed out, or not freshly signed in any more: the page says so
        }
        return;
    }
    form.elements.answer.value = written(await CEREMONIES[form.dataset.passkey](asked, how));
    form.submit();
}

/* In the list under the field of the username, too (section 5.1.4, "conditional"): the browser is asked when the page is
   opened, and again before the portal forgets what it asked. */
const FORGOTTEN_AFTER = 270_000;
let offer = { since: 0, stop: new AbortController() };

async function offerIn(form) {
    if (document.visibilityState !== "visible" || Date.now() - offer.since < FORGOTTEN_AFTER) {
        return;
    }
    offer.stop.abort();
    offer = { since: Date.now(), stop: new AbortController() };
    setTimeout(offerIn, FORGOTTEN_AFTER, form);
    try {
        await send(form, { mediation: "conditional", signal: offer.stop.signal });
    } catch {
        // none was chosen, or the form's own button was pressed
    }
}

async function offerInAutofill(form) {
    if (await window.PublicKeyCredential?.isConditionalMediationAvailable?.()) {
        offerIn(form);
    }
}

function tell(form, problem) {
    const note = document.createElement("div");
    note.className = "gh-note gh-note-refused";
    note.setAttribute("role", "alert");
    note.append(document.createElement("p"));
    note.firstChild.append(problem);
    form.prepend(note);
}

for (const note of document.querySelectorAll("[data-no-passkey]")) {
    note.hidden = Boolean(window.PublicKeyCredential);
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = !window.PublicKeyCredential;
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const button = form.querySelector("button");
        button.disabled = true;
        form.querySelector(":scope > [role=alert]")?.remove();
        offer.stop.abort();
        try {
            await send(form);
        } catch (error) {
            tell(form, error.problem ?? PROBLEMS[error.name] ?? PROBLEM);
            button.disabled = false;
            if ("autofill" in form.dataset) {
                offer.since = 0;
                offerInAutofill(form);
            }
        }
    });
    if ("autofill" in form.dataset) {
        document.addEventListener("visibilitychange", () => offerInAutofill(form));
        offerInAutofill(form);
    }
}

/* Back to a page that the browser kept. */
window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("form[data-passkey] button")) {
        button.disabled = false;
    }
});
