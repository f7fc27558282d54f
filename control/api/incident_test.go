package api_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
)

func TestIncidentsAreFiltered(t *testing.T) {
	t.Parallel()
	w := measured(t)
	later := w.clock().Add(10 * time.Minute)
	w.now.Store(&later)
	get := func(path string) map[string]any {
		t.Helper()
		return w.do(auth.Viewer, "GET", "/api/v1/"+path, "").want(200).json()
	}
	// The endpoint's tasks are not down by what this world sees live, so the trouble is over.
	list := get("history/incidents")
	items := list["items"].([]any)
	if len(items) != 1 || list["total"] != 1.0 {
		t.Fatalf("incidents %v", list)
	}
	in := items[0].(map[string]any)
	if in["kind"] != "address" || in["subject"] != "a" || in["cause"] != "hz: timeout" || in["transitions"] != 2.0 || in["ended"] == nil {
		t.Errorf("incident %v", in)
	}
	for query, n := range map[string]int{"state=open": 0, "state=over": 1, "kind=pool": 0, "kind=task&subject=a/web/80": 1, "q=TIMEOUT": 1, "q=elsewhere": 0} {
		if got := get("history/incidents?" + query)["items"].([]any); len(got) != n {
			t.Errorf("%s: %d incidents, want %d", query, len(got), n)
		}
	}
	one := get(fmt.Sprintf("history/incidents/%v", in["id"]))
	if steps := one["steps"].([]any); len(steps) != 2 || steps[0].(map[string]any)["kind"] != "task" || steps[0].(map[string]any)["data"] == nil {
		t.Errorf("steps %v", steps)
	}
	w.do(auth.Viewer, "GET", "/api/v1/history/incidents/77", "").problem(404, "not_found")
	w.do(auth.Viewer, "GET", "/api/v1/history/incidents/x", "").problem(404, "not_found")
	w.do(auth.Viewer, "GET", "/api/v1/history/incidents?state=maybe", "").problem(422, "invalid")
}
