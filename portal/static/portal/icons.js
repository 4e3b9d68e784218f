/* Icons are words that a font draws: "mail" as an envelope. Beside a label nobody should have them read out. */
const hideIcons = () => {
    for (const icon of document.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
        const labelled = icon.closest("a, button") ?? icon.parentElement;
        if (labelled.textContent.trim() !== icon.textContent.trim()) {
            icon.setAttribute("aria-hidden", "true");
        }
    }
};

document.addEventListener("DOMContentLoaded", hideIcons);
