/* A form is sent once: pressed twice on a slow line it would do everything twice, or answer that it was done already.
   A button with an address of its own fetches a file and leaves the page as it is. */
const PATIENCE = 10_000;

document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || event.submitter?.hasAttribute("formaction")) {
        return;
    }
    if (form.dataset.sent) {
        event.preventDefault();
        return;
    }
    form.dataset.sent = "true";
    setTimeout(() => delete form.dataset.sent, PATIENCE);
});

/* Back to a page that the browser kept. */
window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
        delete form.dataset.sent;
    }
});
