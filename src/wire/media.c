/* Media types; see media.h. The table is sorted by suffix and searched by halving; a unit test
 * holds it sorted. Types are those of the IANA registry where one exists, else what browsers and
 * servers agree on. Source code is shown as text, since a download of it helps nobody. The
 * precompressed forms (.br, .gz, .zst beside a file) never come here under those names: the
 * static handler looks for the plain name first. */
#include "wire/media.h"

#define ROW(suffix, type, compressible)                                                            \
    {                                                                                              \
        {suffix, sizeof(suffix) - 1}, {type, sizeof(type) - 1}, compressible                       \
    }

static const struct media table[] = {
    /* clang-format off */
    ROW("3g2", "video/3gpp2", false),
    ROW("3gp", "video/3gpp", false),
    ROW("7z", "application/x-7z-compressed", false),
    ROW("aab", "application/octet-stream", false),
    ROW("aac", "audio/aac", false),
    ROW("ai", "application/postscript", true),
    ROW("aif", "audio/aiff", false),
    ROW("aiff", "audio/aiff", false),
    ROW("apk", "application/vnd.android.package-archive", false),
    ROW("apng", "image/apng", false),
    ROW("appcache", "text/cache-manifest; charset=utf-8", true),
    ROW("arrow", "application/vnd.apache.arrow.file", false),
    ROW("asc", "text/plain; charset=utf-8", true),
    ROW("atom", "application/atom+xml", true),
    ROW("avi", "video/x-msvideo", false),
    ROW("avif", "image/avif", false),
    ROW("azw3", "application/vnd.amazon.ebook", false),
    ROW("bib", "text/plain; charset=utf-8", true),
    ROW("bin", "application/octet-stream", false),
    ROW("bmp", "image/bmp", true),
    ROW("br", "application/octet-stream", false),
    ROW("bz2", "application/x-bzip2", false),
    ROW("c", "text/plain; charset=utf-8", true),
    ROW("cc", "text/plain; charset=utf-8", true),
    ROW("cer", "application/pkix-cert", false),
    ROW("cfg", "text/plain; charset=utf-8", true),
    ROW("cjs", "text/javascript; charset=utf-8", true),
    ROW("conf", "text/plain; charset=utf-8", true),
    ROW("cpp", "text/plain; charset=utf-8", true),
    ROW("crl", "application/pkix-crl", false),
    ROW("crt", "application/x-x509-ca-cert", false),
    ROW("crx", "application/x-chrome-extension", false),
    ROW("csr", "application/pkcs10", false),
    ROW("css", "text/css; charset=utf-8", true),
    ROW("csv", "text/csv; charset=utf-8", true),
    ROW("cur", "image/x-icon", true),
    ROW("dat", "application/octet-stream", false),
    ROW("db", "application/octet-stream", false),
    ROW("deb", "application/vnd.debian.binary-package", false),
    ROW("der", "application/x-x509-ca-cert", false),
    ROW("diff", "text/plain; charset=utf-8", true),
    ROW("dll", "application/vnd.microsoft.portable-executable", false),
    ROW("dmg", "application/x-apple-diskimage", false),
    ROW("dng", "image/x-adobe-dng", false),
    ROW("doc", "application/msword", true),
    ROW("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", false),
    ROW("dotx", "application/vnd.openxmlformats-officedocument.wordprocessingml.template", false),
    ROW("dwg", "image/vnd.dwg", false),
    ROW("dxf", "image/vnd.dxf", true),
    ROW("eml", "message/rfc822", true),
    ROW("eot", "application/vnd.ms-fontobject", true),
    ROW("eps", "application/postscript", true),
    ROW("epub", "application/epub+zip", false),
    ROW("exe", "application/vnd.microsoft.portable-executable", false),
    ROW("flac", "audio/flac", false),
    ROW("flatpak", "application/vnd.flatpak", false),
    ROW("flv", "video/x-flv", false),
    ROW("geojson", "application/geo+json", true),
    ROW("gif", "image/gif", false),
    ROW("glb", "model/gltf-binary", true),
    ROW("glsl", "text/plain; charset=utf-8", true),
    ROW("gltf", "model/gltf+json", true),
    ROW("go", "text/plain; charset=utf-8", true),
    ROW("gpg", "application/pgp-encrypted", false),
    ROW("gpx", "application/gpx+xml", true),
    ROW("gz", "application/gzip", false),
    ROW("h", "text/plain; charset=utf-8", true),
    ROW("har", "application/json", true),
    ROW("heic", "image/heic", false),
    ROW("heif", "image/heif", false),
    ROW("hpp", "text/plain; charset=utf-8", true),
    ROW("htc", "text/plain; charset=utf-8", true),
    ROW("htm", "text/html; charset=utf-8", true),
    ROW("html", "text/html; charset=utf-8", true),
    ROW("ico", "image/x-icon", true),
    ROW("ics", "text/calendar; charset=utf-8", true),
    ROW("img", "application/octet-stream", false),
    ROW("ini", "text/plain; charset=utf-8", true),
    ROW("ipa", "application/octet-stream", false),
    ROW("ipynb", "application/x-ipynb+json", true),
    ROW("iso", "application/x-iso9660-image", false),
    ROW("jar", "application/java-archive", false),
    ROW("java", "text/plain; charset=utf-8", true),
    ROW("jfif", "image/jpeg", false),
    ROW("jp2", "image/jp2", false),
    ROW("jpe", "image/jpeg", false),
    ROW("jpeg", "image/jpeg", false),
    ROW("jpg", "image/jpeg", false),
    ROW("js", "text/javascript; charset=utf-8", true),
    ROW("json", "application/json", true),
    ROW("json5", "text/plain; charset=utf-8", true),
    ROW("jsonl", "application/jsonl", true),
    ROW("jsonld", "application/ld+json", true),
    ROW("jsx", "text/plain; charset=utf-8", true),
    ROW("jxl", "image/jxl", false),
    ROW("kml", "application/vnd.google-earth.kml+xml", true),
    ROW("kmz", "application/vnd.google-earth.kmz", false),
    ROW("kt", "text/plain; charset=utf-8", true),
    ROW("log", "text/plain; charset=utf-8", true),
    ROW("lua", "text/plain; charset=utf-8", true),
    ROW("lz4", "application/x-lz4", false),
    ROW("m2ts", "video/mp2t", false),
    ROW("m3u", "audio/x-mpegurl", true),
    ROW("m3u8", "application/vnd.apple.mpegurl", true),
    ROW("m4a", "audio/mp4", false),
    ROW("m4s", "video/iso.segment", false),
    ROW("m4v", "video/mp4", false),
    ROW("map", "application/json", true),
    ROW("markdown", "text/markdown; charset=utf-8", true),
    ROW("mathml", "application/mathml+xml", true),
    ROW("md", "text/markdown; charset=utf-8", true),
    ROW("mht", "multipart/related", true),
    ROW("mid", "audio/midi", false),
    ROW("midi", "audio/midi", false),
    ROW("mjs", "text/javascript; charset=utf-8", true),
    ROW("mka", "audio/x-matroska", false),
    ROW("mkv", "video/x-matroska", false),
    ROW("mobi", "application/x-mobipocket-ebook", false),
    ROW("mobileconfig", "application/x-apple-aspen-config", false),
    ROW("mov", "video/quicktime", false),
    ROW("mp3", "audio/mpeg", false),
    ROW("mp4", "video/mp4", false),
    ROW("mpd", "application/dash+xml", true),
    ROW("mpeg", "video/mpeg", false),
    ROW("mpg", "video/mpeg", false),
    ROW("msi", "application/x-msi", false),
    ROW("mtl", "model/mtl", true),
    ROW("mvt", "application/vnd.mapbox-vector-tile", false),
    ROW("ndjson", "application/x-ndjson", true),
    ROW("obj", "model/obj", true),
    ROW("odg", "application/vnd.oasis.opendocument.graphics", false),
    ROW("odp", "application/vnd.oasis.opendocument.presentation", false),
    ROW("ods", "application/vnd.oasis.opendocument.spreadsheet", false),
    ROW("odt", "application/vnd.oasis.opendocument.text", false),
    ROW("oga", "audio/ogg", false),
    ROW("ogg", "audio/ogg", false),
    ROW("ogv", "video/ogg", false),
    ROW("opus", "audio/ogg", false),
    ROW("otf", "font/otf", true),
    ROW("p12", "application/x-pkcs12", false),
    ROW("p7b", "application/x-pkcs7-certificates", false),
    ROW("p7c", "application/pkcs7-mime", false),
    ROW("parquet", "application/vnd.apache.parquet", false),
    ROW("patch", "text/plain; charset=utf-8", true),
    ROW("pbf", "application/octet-stream", false),
    ROW("pdf", "application/pdf", false),
    ROW("pem", "application/x-pem-file", true),
    ROW("pfx", "application/x-pkcs12", false),
    ROW("pkg", "application/octet-stream", false),
    ROW("pl", "text/plain; charset=utf-8", true),
    ROW("pmtiles", "application/vnd.pmtiles", false),
    ROW("png", "image/png", false),
    ROW("ppt", "application/vnd.ms-powerpoint", true),
    ROW("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", false),
    ROW("ps", "application/postscript", true),
    ROW("psd", "image/vnd.adobe.photoshop", false),
    ROW("py", "text/plain; charset=utf-8", true),
    ROW("rar", "application/vnd.rar", false),
    ROW("rb", "text/plain; charset=utf-8", true),
    ROW("rdf", "application/rdf+xml", true),
    ROW("rpm", "application/x-rpm", false),
    ROW("rs", "text/plain; charset=utf-8", true),
    ROW("rss", "application/rss+xml", true),
    ROW("rst", "text/plain; charset=utf-8", true),
    ROW("rtf", "application/rtf", true),
    ROW("sh", "text/plain; charset=utf-8", true),
    ROW("sig", "application/pgp-signature", false),
    ROW("so", "application/octet-stream", false),
    ROW("sql", "text/plain; charset=utf-8", true),
    ROW("sqlite", "application/vnd.sqlite3", true),
    ROW("srt", "application/x-subrip", true),
    ROW("step", "model/step", true),
    ROW("stl", "model/stl", true),
    ROW("svg", "image/svg+xml", true),
    ROW("svgz", "image/svg+xml", false),
    ROW("swf", "application/x-shockwave-flash", false),
    ROW("swift", "text/plain; charset=utf-8", true),
    ROW("tar", "application/x-tar", true),
    ROW("tex", "text/plain; charset=utf-8", true),
    ROW("text", "text/plain; charset=utf-8", true),
    ROW("tgz", "application/gzip", false),
    ROW("tif", "image/tiff", false),
    ROW("tiff", "image/tiff", false),
    ROW("toml", "application/toml", true),
    ROW("topojson", "application/json", true),
    ROW("torrent", "application/x-bittorrent", false),
    ROW("ts", "text/plain; charset=utf-8", true),
    ROW("tsv", "text/tab-separated-values; charset=utf-8", true),
    ROW("tsx", "text/plain; charset=utf-8", true),
    ROW("ttc", "font/collection", true),
    ROW("ttf", "font/ttf", true),
    ROW("ttml", "application/ttml+xml", true),
    ROW("txt", "text/plain; charset=utf-8", true),
    ROW("usdz", "model/vnd.usdz+zip", false),
    ROW("vcard", "text/vcard; charset=utf-8", true),
    ROW("vcf", "text/vcard; charset=utf-8", true),
    ROW("vsdx", "application/vnd.ms-visio.drawing", false),
    ROW("vtt", "text/vtt; charset=utf-8", true),
    ROW("wacz", "application/wacz+zip", false),
    ROW("war", "application/java-archive", false),
    ROW("warc", "application/warc", false),
    ROW("wasm", "application/wasm", true),
    ROW("wav", "audio/wav", false),
    ROW("weba", "audio/webm", false),
    ROW("webm", "video/webm", false),
    ROW("webmanifest", "application/manifest+json", true),
    ROW("webp", "image/webp", false),
    ROW("wgsl", "text/plain; charset=utf-8", true),
    ROW("wmv", "video/x-ms-wmv", false),
    ROW("woff", "font/woff", false),
    ROW("woff2", "font/woff2", false),
    ROW("xhtml", "application/xhtml+xml", true),
    ROW("xls", "application/vnd.ms-excel", true),
    ROW("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", false),
    ROW("xml", "application/xml", true),
    ROW("xpi", "application/x-xpinstall", false),
    ROW("xsd", "application/xml", true),
    ROW("xsl", "application/xslt+xml", true),
    ROW("xslt", "application/xslt+xml", true),
    ROW("xz", "application/x-xz", false),
    ROW("yaml", "application/yaml", true),
    ROW("yml", "application/yaml", true),
    ROW("zip", "application/zip", false),
    ROW("zst", "application/zstd", false),
    /* clang-format on */
};

static const struct media unknown = ROW("", "application/octet-stream", false);

#define SUFFIX_MAX 16

const struct media *media_of(struct str name)
{
    size_t slash = str_rfind(name, '/'), dot = str_rfind(name, '.');
    char lower[SUFFIX_MAX];
    if (dot == name.n || (slash < name.n && dot < slash))
        return &unknown;
    struct str suffix = str_from(name, dot + 1);
    if (suffix.n == 0 || suffix.n > sizeof lower)
        return &unknown;
    for (size_t i = 0; i < suffix.n; i++)
        lower[i] = ascii_lower(suffix.p[i]);
    suffix.p = lower;
    size_t low = 0, high = sizeof table / sizeof table[0];
    while (low < high) {
        size_t mid = (low + high) / 2;
        int d = str_cmp(suffix, table[mid].suffix);
        if (d == 0)
            return &table[mid];
        if (d < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return &unknown;
}

bool media_compressible(struct str content_type)
{
    static const struct str also[] = {
        {"application/json", 16},
        {"application/xml", 15},
        {"application/javascript", 22},
        {"application/wasm", 16},
        {"application/yaml", 16},
        {"application/toml", 16},
        {"application/x-ndjson", 20},
        {"application/jsonl", 17},
        {"application/x-javascript", 24},
        {"application/vnd.ms-fontobject", 29},
        {"application/vnd.apple.mpegurl", 29},
        {"font/ttf", 8},
        {"font/otf", 8},
        {"image/bmp", 9},
        {"image/x-icon", 12},
        {"image/vnd.microsoft.icon", 24},
    };
    struct str type = str_trim(str_sub(content_type, 0, str_find(content_type, ';', 0)));
    /* Events must leave at once, and compressors hold bytes back. */
    if (str_ieq(type, STR("text/event-stream")))
        return false;
    if (str_istarts(type, STR("text/")))
        return true;
    struct str tail = str_from(type, str_rfind(type, '+'));
    if (str_ieq(tail, STR("+json")) || str_ieq(tail, STR("+xml")))
        return true;
    for (size_t i = 0; i < sizeof also / sizeof also[0]; i++)
        if (str_ieq(type, also[i]))
            return true;
    return false;
}
