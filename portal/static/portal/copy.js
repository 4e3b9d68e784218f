/* A button beside a text copies it; where the browser has no clipboard (no TLS), what is selected is copied. */
document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) {
        return;
    }
    const text = button.parentElement.querySelector("code");
    getSelection().selectAllChildren(text);
    if (navigator.clipboard) {
        await navigator.clipboard.writeText(text.textContent);
    } else {
        document.execCommand("copy");
    }
    button.querySelector("[aria-live]").textContent = "Copied";
    button.querySelector(".material-symbols-outlined")?.replaceChildren("check");
});
