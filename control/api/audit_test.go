package api_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
)

// audited returns the newest row of the audit that a query selects.
func (w *world) audited(query string) map[string]any {
	w.t.Helper()
	items := w.do(auth.Admin, "GET", "/api/v1/audit?limit=1&"+query, "").want(200).json()["items"].([]any)
	if len(items) == 0 {
		return nil
	}
	return items[0].(map[string]any)
}

func TestAuditOfWritesAndRefusals(t *testing.T) {
	t.Parallel()
	w := start(t)
	for _, row := range []struct {
		name               string
		role               auth.Role
		method, path, body string
		want               string // who, object, outcome, code, revision
	}{
		{"a write", auth.Operator, "POST", "/addresses", `{"name":"a","address":"192.0.2.1"}`, "operator address a done <nil> 1"},
		{"a write of what stands", auth.Operator, "PUT", "/addresses/a", `{"name":"a","address":"192.0.2.1"}`, "operator address a done unchanged 1"},
		{"a dry run is no write", auth.Operator, "PATCH", "/addresses/a?dry_run=true", `{"remark":"x"}`, ""},
		{"a read is no write", auth.Viewer, "GET", "/addresses/a", "", ""},
		{"a preview is no write", auth.Viewer, "POST", "/preview", "{}", ""},
		{"a viewer's write", auth.Viewer, "PATCH", "/addresses/a", `{"remark":"x"}`, "viewer addresses/a refused forbidden <nil>"},
		{"a viewer's look at tokens", auth.Viewer, "GET", "/tokens", "", "viewer tokens refused forbidden <nil>"},
		{"a body that breaks rules", auth.Operator, "POST", "/addresses", `{"name":"b","address":"x"}`, "operator address b refused invalid <nil>"},
		{"a conflict", auth.Operator, "POST", "/addresses", `{"name":"a","address":"192.0.2.1"}`, "operator address a refused exists <nil>"},
		{"a change set", auth.Operator, "POST", "/changes", `{"put":[{"kind":"address","body":{"name":"b","address":"192.0.2.1"}}]}`, "operator changes done <nil> 2"},
		{"a deletion", auth.Operator, "DELETE", "/addresses/b", "", "operator address b done <nil> 3"},
		{"a rollback", auth.Operator, "POST", "/revisions/1/rollback", "", "operator revisions/1/rollback done unchanged 3"},
		{"a token made", auth.Admin, "POST", "/tokens", `{"name":"x","role":"viewer"}`, "admin token x done <nil> <nil>"},
		{"a token revoked", auth.Admin, "DELETE", "/tokens/x", "", "admin token x done <nil> <nil>"},
		{"a node admitted", auth.Admin, "POST", "/nodes", `{"role":"resolver","node":"n1"}`, "admin node n1 done <nil> <nil>"},
		{"no credential", "", "DELETE", "/addresses/a", "", "<nil> addresses/a refused unauthorized <nil>"},
	} {
		later := w.now.Load().Add(time.Second)
		w.now.Store(&later)
		r := w.do(row.role, row.method, "/api/v1"+row.path, row.body)
		got := w.audited("from=" + url.QueryEscape(later.Format(time.RFC3339Nano)))
		if row.want == "" {
			if got != nil {
				t.Errorf("%s: %v", row.name, got)
			}
			continue
		}
		if text := fmt.Sprint(got["who"], " ", got["object"], " ", got["outcome"], " ", got["code"], " ", got["revision"]); text != row.want {
			t.Errorf("%s: %s, want %s", row.name, text, row.want)
			continue
		}
		if got["request_id"] != r.header.Get("X-Request-Id") || got["remote"] != "127.0.0.1" || got["method"] != row.method || got["count"] != 1.0 {
			t.Errorf("%s: %v", row.name, got)
		}
	}
	w.do(auth.Operator, "GET", "/api/v1/audit", "").problem(403, "forbidden")
	w.do(auth.Admin, "GET", "/api/v1/audit?outcome=odd", "").problem(422, "invalid", "done, refused, failed")
	w.do(auth.Admin, "GET", "/api/v1/audit?from=now", "").problem(422, "invalid", "from")
	w.do(auth.Admin, "GET", "/api/v1/audit?cursor=x", "").problem(422, "invalid", "cursor")
	one := w.do(auth.Admin, "GET", "/api/v1/audit?limit=2&who=operator", "").want(200).json()
	two := w.do(auth.Admin, "GET", "/api/v1/audit?limit=2&who=operator&cursor="+one["next_cursor"].(string), "").want(200).json()
	if a, b := one["items"].([]any)[1].(map[string]any)["request_id"], two["items"].([]any)[0].(map[string]any)["request_id"]; a == b {
		t.Error("pages overlap")
	}
}

// TestAuditKeepsAnOrderOnce, by the name of what it made.
func TestAuditKeepsAnOrderOnce(t *testing.T) {
	t.Parallel()
	w := start(t)
	op := auth.Operator
	w.do(op, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`).want(201)
	const path = "/api/v1/overrides"
	made := w.do(op, "POST", path, `{"action":"drain","target":"address/a"}`, "Idempotency-Key", "k").want(201).json()
	w.do(op, "POST", path, `{"action":"drain","target":"address/a"}`, "Idempotency-Key", "k").want(201)
	id := made["override"].(map[string]any)["id"].(string)
	w.do(op, "PATCH", path+"/"+id, `{"for":"1h"}`, "Content-Type", "application/merge-patch+json").want(200)
	w.do(op, "DELETE", path+"/"+id, "").want(200)
	var got []string
	for _, i := range w.do(auth.Admin, "GET", "/api/v1/audit?object=overrid", "").want(200).json()["items"].([]any) {
		row := i.(map[string]any)
		got = append(got, fmt.Sprint(row["method"], " ", row["object"], " ", row["code"], " ", row["revision"]))
	}
	slices.Sort(got) // all are of one moment
	want := []string{"DELETE override " + id + " <nil> 4", "PATCH override " + id + " <nil> 3", "POST override " + id + " <nil> 2", "POST overrides replayed 2"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNoSecretGoesOutUnseen: when the audit cannot be kept, neither is the secret told.
func TestNoSecretGoesOutUnseen(t *testing.T) {
	t.Parallel()
	w := start(t)
	db, err := sql.Open("sqlite", strings.TrimPrefix(w.store.URL(), "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DROP TABLE audit"); err != nil {
		t.Fatal(err)
	}
	r := w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"x","role":"viewer"}`)
	if r.status < 500 || strings.Contains(string(r.body), "mrd_") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestTokensInPathsAreNotWrittenDown: people paste a token where its name belongs.
func TestTokensInPathsAreNotWrittenDown(t *testing.T) {
	t.Parallel()
	w := start(t)
	secret := w.tokens[auth.Viewer]
	w.do(auth.Admin, "DELETE", "/api/v1/tokens/"+secret, "").want(404)
	w.do("", "DELETE", "/api/v1/tokens/"+secret, "").want(401)
	if got := w.audited("outcome=" + store.Refused); !strings.Contains(fmt.Sprint(got["object"]), "mrd_…") {
		t.Errorf("object %v", got)
	}
	if strings.Contains(w.log.String(), secret) {
		t.Error("the log holds the token")
	}
}
