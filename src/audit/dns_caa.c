/* CAA; see dns_caa.h. The records in force at issuance may have been others: a certificate whose
 * issuer is forbidden today is a reason to look, not yet a proof of misissuance. */
#include "audit/dns_caa.h"

#define SECTIGO "sectigo.com", "comodo.com", "comodoca.com", "usertrust.com", "trust-provider.com"
#define DIGICERT                                                                                   \
    "digicert.com", "www.digicert.com", "symantec.com", "geotrust.com", "rapidssl.com",            \
        "thawte.com", "digitalcertvalidation.com"

/* One row an organisation: the same authority may have several names. */
static const struct dns_caa_issuer issuers[] = {
    {"Let's Encrypt", {"letsencrypt.org"}},
    {"Internet Security Research Group", {"letsencrypt.org"}},
    {"Google Trust Services", {"pki.goog", "google.com"}},
    {"Google Trust Services LLC", {"pki.goog", "google.com"}},
    {"DigiCert Inc", {DIGICERT}},
    {"DigiCert, Inc.", {DIGICERT}},
    {"GeoTrust Inc.", {DIGICERT}},
    {"thawte, Inc.", {DIGICERT}},
    {"QuoVadis Limited", {"quovadisglobal.com", "digicert.com"}},
    {"QuoVadis Trustlink B.V.", {"quovadisglobal.com", "digicert.com"}},
    {"Sectigo Limited", {SECTIGO}},
    {"COMODO CA Limited", {SECTIGO}},
    {"The USERTRUST Network", {SECTIGO}},
    {"ZeroSSL", {SECTIGO}},
    {"Gandi", {SECTIGO}},
    {"GEANT Vereniging", {SECTIGO}},
    {"cPanel, Inc.", {SECTIGO}},
    {"cPanel, LLC", {SECTIGO}},
    {"Corporation Service Company", {SECTIGO}},
    {"Network Solutions L.L.C.", {SECTIGO, "networksolutions.com"}},
    {"GlobalSign nv-sa", {"globalsign.com"}},
    {"GlobalSign", {"globalsign.com"}},
    {"Amazon", {"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}},
    {"GoDaddy.com, Inc.", {"godaddy.com", "starfieldtech.com"}},
    {"The Go Daddy Group, Inc.", {"godaddy.com", "starfieldtech.com"}},
    {"Starfield Technologies, Inc.", {"starfieldtech.com", "godaddy.com"}},
    {"Entrust, Inc.", {"entrust.net", "affirmtrust.com"}},
    {"Entrust Limited", {"entrust.net", "affirmtrust.com"}},
    {"AffirmTrust", {"affirmtrust.com", "entrust.net"}},
    {"Microsoft Corporation", {"microsoft.com"}},
    {"Apple Inc.", {"pki.apple.com"}},
    {"Certainly", {"certainly.com"}},
    {"Buypass AS-983163327", {"buypass.com", "buypass.no"}},
    {"SSL Corporation", {"ssl.com"}},
    {"SSL Corp", {"ssl.com"}},
    {"Unizeto Technologies S.A.", {"certum.pl", "certum.eu"}},
    {"Asseco Data Systems S.A.", {"certum.pl", "certum.eu"}},
    {"SwissSign AG", {"swisssign.com", "swisssign.net", "swisssign.ch", "swisssign.li"}},
    {"Actalis S.p.A.", {"actalis.it"}},
    {"Actalis S.p.A./03358520967", {"actalis.it"}},
    {"Hellenic Academic and Research Institutions CA", {"harica.gr"}},
    {"Hellenic Academic and Research Institutions Cert. Authority", {"harica.gr"}},
    {"D-Trust GmbH", {"d-trust.net", "dtrust.de", "d-trust.de", "dtrust.net"}},
    {"Deutsche Telekom Security GmbH", {"telesec.de"}},
    {"T-Systems International GmbH", {"telesec.de"}},
    {"Verein zur Foerderung eines Deutschen Forschungsnetzes e. V.", {"pki.dfn.de", "dfn.de"}},
    {"IdenTrust", {"identrust.com"}},
    {"TAIWAN-CA", {"twca.com.tw"}},
    {"Chunghwa Telecom Co., Ltd.", {"pki.hinet.net", "tls.hinet.net", "publicca.hinet.net"}},
    {"Cybertrust Japan Co., Ltd.", {"cybertrust.ne.jp"}},
    {"SECOM Trust Systems CO.,LTD.", {"secomtrust.net"}},
    {"TrustAsia Technologies, Inc.", {"trustasia.com"}},
    {"WISeKey", {"wisekey.com", "hightrusted.com", "certifyid.com", "oiste.org"}},
    {"OISTE Foundation", {"wisekey.com", "oiste.org"}},
    {"Certigna", {"certigna.fr", "dhimyotis.com"}},
    {"Dhimyotis", {"certigna.fr", "dhimyotis.com"}},
    {"AC Camerfirma S.A.", {"camerfirma.com"}},
    {"IZENPE S.A.", {"izenpe.com", "izenpe.eus"}},
    {"FNMT-RCM", {"fnmt.es"}},
    {"Firmaprofesional S.A.", {"firmaprofesional.com"}},
    {"Disig a.s.", {"disig.sk"}},
    {"Microsec Ltd.", {"e-szigno.hu"}},
    {"NetLock Kft.", {"netlock.hu", "netlock.net", "netlock.eu"}},
    {"Telia Finland Oyj", {"telia.com", "telia.fi", "telia.se"}},
    {"eMudhra Technologies Limited", {"emsign.com"}},
    {"Trustwave Holdings, Inc.", {"trustwave.com", "securetrust.com"}},
    {"SecureTrust Corporation", {"trustwave.com", "securetrust.com"}},
    {"China Financial Certification Authority", {"cfca.com.cn"}},
    {"iTrusChina Co., Ltd.", {"itrus.com.cn"}},
    {"NAVER Cloud Trust Services Corp.", {"navercloudtrust.com"}},
};

const struct dns_caa_issuer *dns_caa_issuer(struct str organisation)
{
    for (size_t i = 0; i < sizeof issuers / sizeof *issuers; i++)
        if (str_ieq(organisation, str_c(issuers[i].organisation)))
            return &issuers[i];
    return NULL;
}

static bool has_tag(const struct dnsrr_caa *r, const char *tag)
{
    return str_ieq(r->tag, str_c(tag));
}

/* The registered tags (RFC 8659 7, CA/Browser Forum, RFC 9495): critical or not, they do not stop an
 * issuer who knows them. */
static bool is_known_tag(const struct dnsrr_caa *r)
{
    static const char *const tags[] = {"issue",        "issuewild", "iodef",   "contactemail",
                                       "contactphone", "issuemail", "issuevmc"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (has_tag(r, tags[i]))
            return true;
    return false;
}

static bool is_domain_of(const struct dns_caa_issuer *issuer, struct str domain)
{
    for (size_t i = 0; i < 8 && issuer->domains[i]; i++)
        if (str_ieq(domain, str_c(issuer->domains[i])))
            return true;
    return false;
}

static bool has_any(const struct dns_facts *f, const char *tag)
{
    for (size_t i = 0; i < f->caa.n; i++)
        if (has_tag(&f->caa.records[i], tag))
            return true;
    return false;
}

static void take_params(struct dns_caa_result *res, struct str params)
{
    struct str name, value, account = STR_NONE, methods = STR_NONE;
    while (dnsrr_issue_next(&params, &name, &value)) {
        if (str_ieq(name, STR("accounturi")))
            account = value;
        else if (str_ieq(name, STR("validationmethods")))
            methods = value;
    }
    res->bound_account = res->bound_account && account.n;
    res->bound_methods = res->bound_methods && methods.n;
    res->accounturi = res->accounturi.n ? res->accounturi : account;
    res->validationmethods = res->validationmethods.n ? res->validationmethods : methods;
}

/* All records with that tag. A value that cannot be read permits nobody (RFC 8659 4.2). */
static void judge_issue(const struct dns_facts *f, const struct dns_caa_issuer *issuer,
                        const char *tag, struct dns_caa_result *res)
{
    struct dns_caa_result found = *res;
    bool someone = false;
    found.bound_account = found.bound_methods = true;
    for (size_t i = 0; i < f->caa.n; i++) {
        const struct dnsrr_caa *r = &f->caa.records[i];
        struct dnsrr_issue issue;
        if (!has_tag(r, tag) || dnsrr_issue(r->value, &issue) || issue.domain.n == 0)
            continue;
        someone = true;
        if (!issuer || !is_domain_of(issuer, issue.domain))
            continue;
        take_params(&found, issue.params);
        found.by = found.verdict == DNS_CAA_PERMITTED ? found.by : r->value;
        found.verdict = DNS_CAA_PERMITTED;
    }
    if (found.verdict == DNS_CAA_PERMITTED) {
        *res = found;
        return;
    }
    /* Where nobody at all may, it does not matter who the issuer is. */
    res->verdict = issuer || !someone ? DNS_CAA_FORBIDDEN : DNS_CAA_UNKNOWN;
    res->by = str_c(tag);
}

static bool forbids_all(const struct dns_facts *f, struct dns_caa_result *res)
{
    for (size_t i = 0; i < f->caa.n; i++) {
        const struct dnsrr_caa *r = &f->caa.records[i];
        if (!r->critical || is_known_tag(r))
            continue;
        res->critical = true;
        res->verdict = DNS_CAA_FORBIDDEN;
        res->by = r->tag;
        return true;
    }
    return false;
}

static struct str find_iodef(const struct dns_facts *f)
{
    for (size_t i = 0; i < f->caa.n; i++)
        if (has_tag(&f->caa.records[i], "iodef"))
            return f->caa.records[i].value;
    return STR_NONE;
}

void dns_caa_judge(const struct dns_facts *f, const struct dns_caa_issuer *issuer, bool wildcard,
                   struct dns_caa_result *ret)
{
    const struct dns_set *set = &f->caa.set;
    *ret = (struct dns_caa_result){.verdict = DNS_CAA_UNKNOWN, .iodef = find_iodef(f)};
    /* A record that cannot be read might be the one that permits, or forbids. */
    if (dns_set_failed(set) || set->malformed || set->more)
        return;
    if (set->state != DNS_FOUND) {
        ret->verdict = DNS_CAA_NONE;
        return;
    }
    if (forbids_all(f, ret))
        return;
    /* RFC 8659 4.3: for wildcards, issuewild takes the place of issue wherever it stands. */
    const char *tag = wildcard && has_any(f, "issuewild") ? "issuewild" : "issue";
    if (has_any(f, tag))
        judge_issue(f, issuer, tag, ret);
    else
        ret->verdict = DNS_CAA_ANYBODY;
}
