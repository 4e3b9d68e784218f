// scimmy-routers over in-memory maps, with an index for what identity providers match by.
import crypto from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const TOKEN = "static-token-of-the-benchmark";

class Store {
    constructor(matchedBy) {
        this.matchedBy = matchedBy;
        this.byId = new Map();
        this.byName = new Map();
    }

    save(id, instance) {
        const now = new Date();
        const old = id ? this.byId.get(id) : undefined;
        if (id && !old) throw new SCIMMY.Types.Error(404, null, `${id} not found`);
        const record = JSON.parse(JSON.stringify(instance));
        record.id = id ?? crypto.randomUUID();
        record.meta = {created: old?.meta.created ?? now, lastModified: now};
        const name = record[this.matchedBy].toLowerCase();
        const holder = this.byName.get(name);
        if (holder && holder !== record.id) throw new SCIMMY.Types.Error(409, "uniqueness", `${name} is taken`);
        if (old) this.byName.delete(old[this.matchedBy].toLowerCase());
        this.byName.set(name, record.id);
        this.byId.set(record.id, record);
        return record;
    }

    read(resource) {
        if (resource.id) return this.byId.get(resource.id);
        const wanted = this.wantedName(resource.filter);
        if (wanted !== undefined) return [this.byId.get(this.byName.get(wanted.toLowerCase()))].filter(Boolean);
        const all = [...this.byId.values()];
        return resource.filter ? resource.filter.match(all) : all;
    }

    wantedName(filter) {
        const expression = filter?.length === 1 && Object.keys(filter[0]).length === 1 && filter[0][this.matchedBy];
        return Array.isArray(expression) && expression[0] === "eq" ? expression[1] : undefined;
    }

    drop(id) {
        const record = this.byId.get(id);
        if (!record) throw new SCIMMY.Types.Error(404, null, `${id} not found`);
        this.byName.delete(record[this.matchedBy].toLowerCase());
        this.byId.delete(id);
    }
}

function declare(resource, store) {
    SCIMMY.Resources.declare(resource)
        .ingress((target, instance) => store.save(target.id, instance))
        .egress((target) => store.read(target))
        .degress((target) => store.drop(target.id));
}

declare(SCIMMY.Resources.User, new Store("userName"));
declare(SCIMMY.Resources.Group, new Store("displayName"));
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);

const app = express();
app.use("/scim/v2", new SCIMMYRouters({
    type: "bearer",
    baseUri: () => null,
    handler: (request) => {
        if (request.header("Authorization") !== `Bearer ${TOKEN}`) throw new Error("Authorization not detected");
        return "benchmark";
    },
}));
app.listen({ fd: Number(process.env.LISTEN) });
