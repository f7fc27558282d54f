package cli

import (
	"net/url"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
)

// resource is a word that get, describe and delete take.
type resource struct {
	kind    traffic.Kind // of a declared object, "" for what the server knows by itself
	path    string       // below /api/v1
	aliases []string     // the first is the name in texts
	columns []column
}

// listed says that the API has no path for one item of the kind, only the list.
func (r resource) listed() bool {
	return r.path == "/builtin-lines" || r.path == "/tokens" || r.path == "/events" || r.path == "/audit"
}

// Columns are JSON paths of an item. Wide ones show with -o wide only.
type column struct {
	title, path string
	wide        bool
}

func col(title, path string) column  { return column{title, path, false} }
func wide(title, path string) column { return column{title, path, true} }

// Declared objects have these besides their own.
var metaColumns = []column{col("ENABLED", "enabled"), wide("LABELS", "labels"), wide("REMARK", "remark"), wide("VERSION", "version"), wide("UPDATED", "updated_at"), wide("ID", "id")}

var resources = []resource{
	{traffic.KindSettings, "/settings", []string{"settings"}, []column{col("NAMESERVERS", "nameservers"), col("CONTACT", "soa.contact"), col("NEGATIVE TTL", "soa.negative_ttl")}},
	{traffic.KindLine, "/lines", []string{"line", "lines"}, []column{col("NAME", "name"), col("CIDRS", "cidrs")}},
	{traffic.KindTemplate, "/templates", []string{"template", "templates"},
		[]column{col("NAME", "name"), col("PROTOCOL", "protocol"), col("INTERVAL", "interval"), col("TIMEOUT", "timeout"), col("COUNT", "evaluation_count"), col("RATE", "failure_rate"), wide("VANTAGES", "vantages")}},
	{traffic.KindAddress, "/addresses", []string{"address", "addresses"},
		[]column{col("NAME", "name"), col("ADDRESS", "address"), col("MODE", "mode"), col("TASKS", "tasks.#.template"), col("OVERRIDE", "override.action"), wide("JUDGEMENT", "judgement")}},
	{traffic.KindPool, "/pools", []string{"pool", "pools"},
		[]column{col("NAME", "name"), col("TYPE", "type"), col("POLICY", "policy"), col("MEMBERS", "members.#.address"), col("OVERRIDE", "override.action"), wide("JUDGEMENT", "judgement"), wide("ANSWERS", "answers")}},
	{traffic.KindZone, "/zones", []string{"zone", "zones"},
		[]column{col("NAME", "name"), col("SERIAL", "serial"), col("NAMESERVERS", "nameservers")}},
	{traffic.KindRecord, "/records", []string{"record", "records"},
		[]column{col("NAME", "name"), col("TTL", "ttl"), col("TYPE", "type"), col("DATA", "data"), wide("ZONE", "zone")}},
	{traffic.KindAccessDomain, "/access-domains", []string{"access-domain", "access-domains", "ad", "domain", "domains"},
		[]column{col("NAME", "name"), col("TYPE", "type"), col("TTL", "ttl"), col("POLICY", "policy"), col("POOLS", "pools.#.pool"), col("OVERRIDE", "override.action"), wide("UNMATCHED", "unmatched"), wide("ALL DOWN", "all_down")}},
	{traffic.KindAssertion, "/assertions", []string{"assertion", "assertions"},
		[]column{col("NAME", "name"), col("TYPE", "type"), col("LINE", "line"), col("POOL", "expect.pool"), col("ADDRESS", "expect.address")}},
	{"", "/builtin-lines", []string{"builtin-line", "builtin-lines"},
		[]column{col("CODE", "code"), col("PARENT", "parent"), col("CATEGORY", "category"), col("NAME", "name_en"), wide("NAME ZH", "name_zh"), wide("ALIAS", "alias")}},
	{"", "/vantages", []string{"vantage", "vantages"},
		[]column{col("ID", "id"), col("STATE", "state"), col("TASKS", "tasks"), col("SILENT", "silent_for"), col("LABELS", "labels"), col("REASON", "reason")}},
	{"", "/nodes", []string{"node", "nodes"},
		[]column{col("ID", "id"), col("ROLES", "roles"), col("READY", "ready"), col("REVISION", "position.revision"), col("BEHIND", "behind"), col("STATE", "state"), col("SILENT", "silent_for"), col("VERSION", "version"), col("ALARMS", "alarms"),
			wide("LABELS", "labels"), wide("BEHIND FOR", "behind_for"), wide("SKEW", "skew"), wide("SINCE", "connected_since"), wide("VERDICTS", "verdicts"), wide("GEO MAP", "geo_map"), wide("QUERIES", "queries"), wide("STARTED", "started")}},
	{"", "/overrides", []string{"override", "overrides"}, overrideColumns},
	{"", "/users", []string{"user", "users"}, userColumns},
	{"", "/tokens", []string{"token", "tokens"}, tokenColumns},
	{"", "/revisions", []string{"revision", "revisions"}, revisionColumns},
	{"", "/events", []string{"event", "events"}, eventColumns},
	{"", "/audit", []string{"audit"}, auditColumns},
}

// find returns the resource of a word, in singular or plural, with hyphens or
// underscores.
func findResource(word string) (resource, error) {
	w := strings.ReplaceAll(strings.ToLower(word), "_", "-")
	var names []string
	for _, r := range resources {
		for _, a := range r.aliases {
			if a == w {
				if r.kind != "" {
					r.columns = append(append([]column(nil), r.columns...), metaColumns...)
				}
				return r, nil
			}
		}
		names = append(names, r.aliases[0])
	}
	return resource{}, usagef("%q is not a kind; use %s", word, strings.Join(names, ", "))
}

// checkName refuses a name that no object of the kind can have, before its slashes
// become another path of the API.
func (r resource) checkName(name string) error {
	n := strings.Count(name, "/")
	switch {
	case r.kind == traffic.KindRecord && n < 2 && !(n == 0 && strings.HasPrefix(name, "record-")):
		return usagef("record %q: write ZONE/NAME/TYPE, like example.com/www.example.com/CNAME; \"meridian get records --query TEXT\" finds records by a part of their names", name)
	case r.kind == traffic.KindAccessDomain && n > 1:
		return usagef("access domain %q: write NAME, or NAME/TYPE", name)
	case name == "":
		return usagef("the name is empty")
	}
	return nil
}

// itemPath is the path of one object. The names of access domains (NAME/TYPE) and
// records (ZONE/OWNER/TYPE) keep their slashes as path segments.
func (r resource) itemPath(name string) string {
	if r.kind == traffic.KindSettings {
		return r.path
	}
	parts := []string{name}
	switch r.kind {
	case traffic.KindAccessDomain, traffic.KindRecord, traffic.KindAssertion:
		parts = strings.Split(name, "/")
	}
	path := r.path
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}
