package api

import (
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
)

// kind says how a kind of object stands in the API.
type kind struct {
	kind     traffic.Kind
	path     string // plural, in paths
	one      string // for operation ids
	tag      string
	identity []string // fields that make its name, in the key's order
	split    []string // path parameters when the name has several parts
}

var kinds = []kind{
	{traffic.KindLine, "lines", "Line", "Lines", []string{"name"}, nil},
	{traffic.KindTemplate, "templates", "Template", "Health", []string{"name"}, nil},
	{traffic.KindAddress, "addresses", "Address", "Endpoints", []string{"name"}, nil},
	{traffic.KindPool, "pools", "Pool", "Endpoints", []string{"name"}, nil},
	{traffic.KindZone, "zones", "Zone", "Zones", []string{"name"}, nil},
	{traffic.KindRecord, "records", "Record", "Zones", []string{"zone", "name", "type"}, []string{"zone", "owner", "type"}},
	{traffic.KindAccessDomain, "access-domains", "AccessDomain", "Access domains", []string{"name", "type"}, []string{"name", "type"}},
	{traffic.KindAssertion, "assertions", "Assertion", "Access domains", []string{"name", "type", "line"}, []string{"name", "type"}},
}

// kindBy finds a kind by its word in change sets, or its path.
func kindBy(word string) (kind, bool) {
	if word == string(traffic.KindSettings) {
		return settingsKind, true
	}
	for _, k := range kinds {
		if word == string(k.kind) || word == k.path {
			return k, true
		}
	}
	return kind{}, false
}

var settingsKind = kind{traffic.KindSettings, "settings", "Settings", "Settings", nil, nil}

var zoneKind, _ = kindBy(string(traffic.KindZone))

// parts splits an object's name into its identity fields; false when it has not as many.
func (k kind) parts(name string) (map[string]string, bool) {
	switch k.kind {
	case traffic.KindSettings:
		return nil, true
	case traffic.KindRecord:
		first, last := strings.IndexByte(name, '/'), strings.LastIndexByte(name, '/')
		if first < 0 || first == last {
			return nil, false
		}
		owner := name[first+1 : last]
		if owner != "@" && !strings.HasSuffix(owner, ".") {
			owner += "."
		}
		return map[string]string{"zone": name[:first], "name": owner, "type": name[last+1:]}, true
	case traffic.KindAccessDomain:
		n, t, ok := strings.Cut(name, "/")
		return map[string]string{"name": n, "type": t}, ok
	case traffic.KindAssertion:
		n, rest, ok := strings.Cut(name, "/")
		t, l, ok2 := strings.Cut(rest, "@")
		return map[string]string{"name": n, "type": t, "line": l}, ok && ok2
	}
	return map[string]string{"name": name}, true
}
