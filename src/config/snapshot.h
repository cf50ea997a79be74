/* The configuration as an immutable, reference-counted value. Made whole by config_load, swapped
 * into running workers; old connections keep the one they began with. Plain data: all slices live
 * in its arena. */
#ifndef CONFIG_SNAPSHOT_H
#define CONFIG_SNAPSHOT_H

#include "base/addr.h"
#include "base/arena.h"
#include "base/map.h"
#include "config/option.h"

/* Bounds on what a peer may make us hold or do (rows: `limits { … }`). */
struct limits {
    uint64_t header_count;     /* fields a message */
    uint64_t header_size;      /* bytes of a message head */
    uint64_t uri_size;         /* bytes of the request target */
    uint64_t body_size;        /* bytes of a request body */
    uint64_t requests;         /* a connection */
    uint64_t streams;          /* concurrent HTTP/2 streams */
    uint64_t resets;           /* HTTP/2 streams reset, by either side, before GOAWAY (burst) */
    uint64_t connections;      /* a worker */
    uint64_t connections_per_address; /* per IPv4 address or IPv6 /64 and worker */
    uint64_t handshake_timeout; /* ns: from accept to the end of the TLS handshake */
    uint64_t header_timeout;   /* ns: from the first byte of a head to its end */
    uint64_t idle_timeout;     /* ns: keep-alive without a request */
    uint64_t stall_timeout;    /* ns: no progress at all while sending or receiving a body */
    uint64_t min_rate;         /* bytes/s, judged over rate_window, both directions */
    uint64_t rate_window;      /* ns */
    uint64_t drain_timeout;    /* ns: SIGTERM until connections are cut */
};

enum tls_setting_version { TLS_V10, TLS_V11, TLS_V12, TLS_V13 };

struct tls_settings {       /* rows: `tls { … }` */
    int min_version, max_version; /* enum tls_setting_version */
    struct str ciphers;     /* TLS 1.2, OpenSSL names with ':'; empty: Mozilla intermediate 6.0 */
    struct str groups;      /* ':'-separated, preferred first; unknown ones are dropped */
    bool tickets;
    uint64_t ticket_rotation; /* ns; the key before is still accepted */
};

/* One certificate for a site; several of different key types may stand side by side. */
struct cert_spec {
    struct str chain_path, key_path; /* absolute, with terminator; empty when local */
    bool local;                      /* issued by the local authority */
    size_t index;                    /* in snapshot.certs */
    const struct site *site;
    struct source_ref at;
};

enum hsts_mode { HSTS_AUTO, HSTS_OFF, HSTS_FIXED };
enum cookies_same_site {
    COOKIES_SAME_SITE_LAX, COOKIES_SAME_SITE_STRICT, COOKIES_SAME_SITE_NONE, COOKIES_SAME_SITE_LEAVE,
};

struct hsts_settings {
    int mode;          /* enum hsts_mode */
    uint64_t max_age;  /* s, HSTS_FIXED */
    bool subdomains, preload;
};

struct cookie_settings {
    bool secure, http_only; /* added where missing */
    int same_site;          /* enum cookies_same_site, added where missing */
};

struct header_rule { /* `header set NAME VALUE`, `header add …`, `header remove NAME`, `header default NAME VALUE` */
    int action;      /* enum header_action */
    struct str name, value;
    struct source_ref at;
};
enum header_action { HEADER_SET, HEADER_ADD, HEADER_REMOVE, HEADER_DEFAULT };

struct compress_settings {
    bool on;
    uint64_t min_size;      /* bytes; smaller bodies are sent as they are */
    uint64_t level;         /* 1-9, mapped for each coding */
    bool dynamic;           /* also responses that may carry secrets (BREACH); off by default */
};

struct error_page {
    uint16_t status;
    struct str path; /* URL path within the site */
};

struct waiver { /* `allow NAME because "REASON" until YYYY-MM-DD;` */
    struct str name, reason;
    int64_t until; /* s since 1970, end of that day UTC */
    struct source_ref at;
};

struct route {
    struct str path;  /* "/": everything; ends with '/': prefix; else the exact path */
    bool prefix;
    const struct handler_decl *handler;
    void *conf;       /* the handler's, conf_size bytes */
    uint64_t body_size; /* limit here */
    struct header_rule *headers; /* the site's, then the route's */
    size_t nheaders;
    struct source_ref at;
    size_t index;     /* in the site */
    const struct site *site;
};

enum min_grade { /* best first, as the choices of the rows `min_grade` */
    MIN_GRADE_A_PLUS, MIN_GRADE_A, MIN_GRADE_A_MINUS, MIN_GRADE_B, MIN_GRADE_C, MIN_GRADE_D,
    MIN_GRADE_E, MIN_GRADE_F,
};

struct site {
    struct str *names; /* lower case, "*.example.com" allowed; IP literals allowed */
    size_t nnames;
    bool is_default;   /* answers for names that no site has */
    struct cert_spec **certs;
    size_t ncerts;
    struct tls_settings tls;
    struct hsts_settings hsts;
    struct cookie_settings cookies;
    struct compress_settings compress;
    bool safe_headers; /* nosniff, frame, referrer policy … */
    struct header_rule *headers;
    size_t nheaders;
    struct error_page *error_pages;
    size_t nerror_pages;
    struct route **routes; /* longest path first, exact before prefix */
    size_t nroutes;
    bool redirect_http;    /* port 80 redirects to https */
    bool access_log;
    int min_grade;         /* enum min_grade: what is worse in the audit of ourselves is refused */
    struct waiver *waivers;
    size_t nwaivers;
    struct source_ref at;
    size_t index;          /* in snapshot.sites */
    /* Two sites share trust when a connection made for one may be used for the other: same client
     * authentication and TLS policy. Equal numbers: same trust (421 otherwise). */
    uint32_t trust;
    /* Set by the worker at run time, not part of the configuration: HSTS ramp in seconds. */
    uint64_t hsts_age;
};

struct listener {
    struct addr addr;
    bool tls;       /* https; else plain http that redirects */
    size_t index;   /* in snapshot.listeners */
    struct source_ref at;
    bool from_command_line, is_default;
};

/* Second choices of listeners that nobody asked for, where 443 and 80 are not permitted or in use. */
#define LISTEN_SECOND_HTTPS 8443
#define LISTEN_SECOND_HTTP  8080

enum log_format { LOG_FORMAT_JSON, LOG_FORMAT_COMBINED };

/* Where a value comes from that was written and not defaulted. */
struct written {
    const void *value; /* in the snapshot */
    struct source_ref at;
};

struct snapshot {
    uint32_t refs;
    uint64_t generation;
    struct arena arena;
    struct listener *listeners;
    size_t nlisteners;
    struct site **sites;
    size_t nsites;
    struct map by_name;        /* exact and "*.…" names → struct site * */
    const struct site *default_site;
    struct cert_spec **certs;  /* all sites' */
    size_t ncerts;
    struct dir_ref **dirs;     /* in the order of the files: parent and worker agree on the index */
    size_t ndirs;
    struct limits limits;
    uint64_t workers;          /* 0: one a core */
    struct str user;           /* to run workers as, when started by root; empty: "nobody" */
    struct str state_dir;      /* empty: the default place */
    struct str access_log;     /* path, "-": standard output, empty: off */
    int access_log_format;     /* enum log_format */
    uint64_t file_cache_size;  /* bytes a worker */
    uint64_t watchdog;         /* ns */
    int min_grade;             /* enum min_grade, of sites that say nothing */
    struct dir_ref *challenges; /* where ACME clients leave their answers; NULL: nowhere */
    struct written *written;   /* for `explain`, in no order */
    size_t nwritten;
    const char **files;        /* every file read: names for messages, NULL-terminated */
};

struct snapshot *snapshot_ref(const struct snapshot *s);
void snapshot_unref(const struct snapshot *s); /* the last one frees; NULL is fine */
/* Site for a lower-case host name: exact, then one wildcard label, then the default; or NULL. */
const struct site *snapshot_site(const struct snapshot *s, struct str host);

#define CHALLENGE_TOKEN_MAX 255 /* NAME_MAX: it is a file's name */
/* Which token of a certificate authority's challenge (RFC 8555 8.3) a decoded path asks for; the
 * empty slice: none, or no `challenges` are answered, or it is no token. */
struct str snapshot_challenge(const struct snapshot *s, struct str decoded_path);

#endif
