/* What the frame of the admin pages can do. Alpine's build for a strict policy evaluates no code in attributes: they
   name what stands here, or in unfold's app.js. */

const SIDEBAR = "sidebarDesktopOpen";

function shell(tab) {
    return {
        activeTab: getCurrentTab() || tab,
        sidebarMobileOpen: false,
        sidebarDesktopOpen: localStorage.getItem(SIDEBAR) !== "0",
        init() {
            this.$watch(SIDEBAR, (open) => localStorage.setItem(SIDEBAR, open ? "1" : "0"));
        },
        skipToContent() {
            const content = document.getElementById("content");
            content.tabIndex = -1;
            content.focus();
        },
        toggleSidebar() {
            this.sidebarMobileOpen = !this.sidebarMobileOpen;
            if (this.sidebarMobileOpen) {
                this.focusIn("#nav-sidebar button");
            }
        },
        closeSidebar() {
            if (this.sidebarMobileOpen) {
                this.sidebarMobileOpen = false;
                this.$el.focus();
            }
        },
        openFilters() {
            this.filterOpen = true;
            this.focusIn("#filter-form :is(a, input:not([type=hidden]), select, button)");
        },
        closeFilters() {
            if (this.filterOpen) {
                this.filterOpen = false;
                this.$el.focus();
            }
        },
        focusIn(selector) {
            this.$nextTick(() => document.querySelector(selector).focus());
        },
    };
}

/* The menu under one's own name. */
function accountMenu() {
    return {
        openUserLinks: false,
        close() {
            this.openUserLinks = false;
            this.$refs.account.focus();
        },
    };
}

/* A bulk run: looks again for what a worker did, or does the next part by sending its form. */
function bulkRun(by) {
    return {
        init() {
            if (by === "worker") {
                setTimeout(() => location.reload(), 3000);
            } else if (by === "page") {
                setTimeout(() => this.$root.requestSubmit(), 300);
            }
        },
    };
}

document.addEventListener("alpine:init", () => {
    for (const component of [theme, shell, accountMenu, bulkRun, searchForm, searchDropdown, searchCommand]) {
        Alpine.data(component.name, component);
    }
});
