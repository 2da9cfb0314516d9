//! An nginx that caches as answers tell it to, in the place of the CDN. Its configuration names no time of its own:
//! what is fresh, what may be stale and for how long is for `Cache-Control` to say.

use std::net::SocketAddr;
use std::path::Path;

/// The configuration of one that listens at `address`, keeps what it stores in `folder`, and asks `upstream`.
pub(super) fn configuration(folder: &Path, address: SocketAddr, upstream: &str) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    // The key is what the CDN's policies have in theirs. One process, so that ending it ends all of it.
    format!(
        "daemon off; master_process off; pid {folder}/pid; error_log stderr notice;
         events {{ worker_connections 256; }}
         http {{
           access_log off; {temporary}
           proxy_cache_path {folder}/cache keys_zone=cdn:1m inactive=1h use_temp_path=off;
           server {{
             listen {address};
             location / {{
               proxy_pass {upstream};
               proxy_http_version 1.1;
               proxy_set_header Connection \"\";
               proxy_connect_timeout 2s; proxy_read_timeout 5s;
               proxy_cache cdn; proxy_cache_lock on;
               proxy_cache_key \"$request_uri $http_authorization $http_accept\";
               proxy_cache_revalidate on; proxy_cache_background_update on;
               add_header X-Cache $upstream_cache_status always;
             }}
           }}
         }}\n"
    )
}
