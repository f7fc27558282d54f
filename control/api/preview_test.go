package api_test

import (
	"testing"

	"github.com/meridian-gtm/meridian/control/auth"
)

// TestPreviewShowsAnswersBeforeAndAfter: preview and dry runs tell the same, to viewers
// too where nothing can be written.
func TestPreviewShowsAnswersBeforeAndAfter(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.do(auth.Operator, "POST", "/api/v1/changes", `{"put":[
		{"kind":"address","body":{"name":"a","address":"192.0.2.1"}},{"kind":"address","body":{"name":"b","address":"192.0.2.2"}},
		{"kind":"pool","body":{"name":"p","type":"IPv4","members":[{"address":"a"},{"address":"b","lines":["cn"]}],"policy":"proximity"}},
		{"kind":"zone","body":{"name":"example.com"}},
		{"kind":"access_domain","body":{"name":"www.example.com","type":"A","pools":[{"pool":"p"}]}}]}`).want(200)
	const body = `{"put":[{"kind":"address","body":{"name":"b","address":"192.0.2.9"}}],"comment":"move b"}`
	effect := func(v map[string]any) map[string]any { return v["effect"].(map[string]any) }
	check := func(what string, v map[string]any) {
		t.Helper()
		e := effect(v)
		names := e["names"].([]any)
		if len(v["changes"].([]any)) != 1 || len(names) != 1 || e["empty"] != 0.0 {
			t.Fatalf("%s: %v", what, v)
		}
		n := names[0].(map[string]any)
		classes := n["classes"].([]any)
		cn, def := classes[0].(map[string]any), classes[1].(map[string]any)
		value := func(c map[string]any, side string) any {
			p := c[side].(map[string]any)["pools"].([]any)[0].(map[string]any)
			return p["addresses"].([]any)[0].(map[string]any)["value"]
		}
		if n["name"] != "www.example.com" || n["type"] != "A" || n["change"] != "changed" || cn["line"] != "cn" || cn["changed"] != true || def["line"] != "default" || def["changed"] != false ||
			value(cn, "before") != "192.0.2.2" || value(cn, "after") != "192.0.2.9" || value(def, "after") != "192.0.2.1" {
			t.Fatalf("%s: %v", what, n)
		}
	}
	check("preview", w.do(auth.Viewer, "POST", "/api/v1/preview", body).want(200).json())
	check("dry run", w.do(auth.Operator, "POST", "/api/v1/changes?dry_run=true", body).want(200).json())
	check("dry run of one object", w.do(auth.Operator, "PUT", "/api/v1/addresses/b?dry_run=true", `{"name":"b","address":"192.0.2.9"}`).want(200).json())
	w.do(auth.Viewer, "POST", "/api/v1/preview", `{"put":[{"kind":"pool","body":{"name":"p","polcy":"weighted"}}]}`).problem(422, "invalid")
	w.do(auth.Viewer, "POST", "/api/v1/preview", `{"delete":[{"kind":"pool","name":"p"}]}`).problem(409, "in_use")
	if got := w.do(auth.Viewer, "GET", "/api/v1/addresses/b", "").want(200).json(); got["address"] != "192.0.2.2" {
		t.Errorf("a preview changed %v", got)
	}
	// What was done has no effect left to tell.
	if got := w.do(auth.Operator, "POST", "/api/v1/changes", body).want(200).json(); got["effect"] != nil {
		t.Errorf("a write tells an effect: %v", got)
	}
	e := effect(w.do(auth.Viewer, "POST", "/api/v1/preview", body).want(200).json())
	if len(e["names"].([]any)) != 0 || e["unchanged"] != 0.0 {
		t.Errorf("what stands has an effect: %v", e)
	}
}
