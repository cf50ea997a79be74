// Tells how this very page travelled. Without scripts the page is whole; only this panel stays hidden.
"use strict";

(async () => {
    const panel = document.querySelector(".came");
    const list = panel?.querySelector("dl");
    if (!list)
        return;

    const show = (term, text) => {
        const row = document.createElement("div");
        const dt = document.createElement("dt");
        const dd = document.createElement("dd");
        dt.textContent = term;
        dd.textContent = text;
        row.append(dt, dd);
        list.append(row);
    };

    const names = { "h2": "HTTP/2", "http/1.1": "HTTP/1.1", "h3": "HTTP/3" };
    const visit = performance.getEntriesByType("navigation")[0];
    if (visit?.nextHopProtocol)
        show("Protocol", names[visit.nextHopProtocol] ?? visit.nextHopProtocol);
    if (visit?.encodedBodySize > 0 && visit.decodedBodySize > visit.encodedBodySize)
        show("Compression", `${visit.decodedBodySize} bytes sent as ${visit.encodedBodySize}`);
    show("Secure context", window.isSecureContext ? "yes" : "no");

    const response = await fetch(location.href, { cache: "no-cache" });
    await response.text();
    const headers = ["strict-transport-security", "x-content-type-options", "referrer-policy", "x-frame-options",
        "content-security-policy", "cross-origin-opener-policy", "permissions-policy", "etag"];
    for (const name of headers) {
        const value = response.headers.get(name);
        if (value)
            show(name, value);
    }
    panel.hidden = false;
})();
