/* A form that only carries something on to another site is sent by itself; its button is for browsers without scripts. */
for (const form of document.querySelectorAll("form[data-submit]")) {
    form.submit();
}
