/* Icons are words that a font draws: "mail" as an envelope. Nobody should have them read out: beside a label they
   are hidden, and alone in a link or button they leave the name to its title. */
const hideIcons = () => {
    for (const icon of document.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
        const labelled = icon.closest("a, button") ?? icon.parentElement;
        if (labelled.textContent.trim() !== icon.textContent.trim() || labelled.title) {
            icon.setAttribute("aria-hidden", "true");
        }
    }
};

document.addEventListener("DOMContentLoaded", hideIcons);
