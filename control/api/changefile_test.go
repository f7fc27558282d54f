package api_test

import (
	"os"
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/control/auth"
)

// TestChangeFile reads the quickstart over the API and applies what comes back.
func TestChangeFile(t *testing.T) {
	t.Parallel()
	w := start(t)
	b, err := os.ReadFile("../../examples/quickstart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	yaml := []string{"Content-Type", "application/yaml"}
	r := w.do(auth.Viewer, "POST", "/api/v1/changes/file", string(b), yaml...).want(200)
	if got := len(r.json()["put"].([]any)); got < 15 {
		t.Errorf("only %d objects come out of the quickstart", got)
	}
	if got := w.do(auth.Viewer, "GET", "/api/v1/pools", "").want(200).json()["total"]; got != 0.0 {
		t.Errorf("reading a file made %v pools", got)
	}
	w.do(auth.Operator, "POST", "/api/v1/changes", string(r.body)).want(200)
	if got := w.do(auth.Viewer, "GET", "/api/v1/pools", "").want(200).json()["total"]; got != 3.0 {
		t.Errorf("%v pools after applying, want 3", got)
	}
}

// TestChangeFileFindings holds what is wrong to its line, and to a refusal of what is no such file.
func TestChangeFileFindings(t *testing.T) {
	t.Parallel()
	w := start(t)
	yaml := []string{"Content-Type", "application/yaml"}
	r := w.do(auth.Viewer, "POST", "/api/v1/changes/file", "apiVersion: meridian/v1\npools:\n  - name: web\n    typ: IPv4\n", yaml...).want(422)
	errs := r.json()["errors"].([]any)
	if len(errs) == 0 || errs[0].(map[string]any)["line"] != 4.0 {
		t.Errorf("findings are %v, want one of line 4", errs)
	}
	for _, bad := range []string{"", "{", "- 1", "apiVersion: other/v9", "apiVersion: meridian/v1\nzones: [{name: a.example, file: /etc/passwd}]"} {
		if r := w.do(auth.Viewer, "POST", "/api/v1/changes/file", bad, yaml...); r.status != 422 || strings.Contains(string(r.body), "root:") {
			t.Errorf("%q is answered %d %s, want 422", bad, r.status, string(r.body))
		}
	}
	w.do(auth.Viewer, "POST", "/api/v1/changes/file", "a: b", "Content-Type", "text/plain").want(415)
}
