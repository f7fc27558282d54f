package api_test

import (
	"slices"
	"testing"

	"github.com/meridian-gtm/meridian/control/auth"
)

func TestBackupAndRestoreOverTheAPI(t *testing.T) {
	t.Parallel()
	w := start(t)
	admin := auth.Admin
	w.do(admin, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`).want(201)
	gone := w.do(admin, "POST", "/api/v1/tokens", `{"name":"revoked","role":"viewer"}`).want(201).json()["token"].(string)
	got := w.do(admin, "GET", "/api/v1/backup", "").want(200)
	if got.header.Get("Content-Type") != "application/zstd" || !contains(got.header.Get("Content-Disposition"), ".backup") || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", got.header)
	}
	backup := string(got.body)
	rows := w.do(admin, "GET", "/api/v1/audit?object=backup", "").want(200).json()["items"].([]any)
	if len(rows) != 1 {
		t.Errorf("a backup holds secrets, and the audit has %v", rows)
	}

	w.do(admin, "PATCH", "/api/v1/addresses/a", `{"address":"192.0.2.2"}`).want(200)
	w.do(admin, "POST", "/api/v1/addresses", `{"name":"b","address":"192.0.2.3"}`).want(201)
	w.do(admin, "DELETE", "/api/v1/tokens/revoked", "").want(200)
	w.tokens["late"] = w.do(admin, "POST", "/api/v1/tokens", `{"name":"late","role":"admin"}`).want(201).json()["token"].(string)
	w.tokens["mine"] = w.do(admin, "POST", "/api/v1/tokens", `{"name":"mine","role":"admin"}`).want(201).json()["token"].(string)
	w.tokens["revoked"] = gone

	send := func(query, body string, role auth.Role) *reply {
		return w.do(role, "POST", "/api/v1/restore"+query, body, "Content-Type", "application/zstd")
	}
	dry := send("?dry_run=true", backup, "mine").want(200).json()
	plan := dry["plan"].(map[string]any)
	if dry["dry_run"] != true || len(plan["changes"].([]any)) != 2 || plan["same_installation"] != true || plan["empty"] != false || plan["effect"] == nil {
		t.Errorf("%v", dry)
	}
	if goes, returns := plan["goes"].([]any), plan["returns"].([]any); !slices.Contains(goes, any("token late")) || slices.Contains(goes, any("token mine")) || !slices.Contains(returns, any("token revoked")) {
		t.Errorf("goes %v, returns %v", goes, returns)
	}
	send("", backup, "mine").problem(409, "not_empty", "revision 3", "?replace=true")
	send("?replace=true", backup[:len(backup)-9], "mine").problem(422, "damaged_backup", "Nothing was changed")
	send("?replace=true", "", "mine").problem(422, "damaged_backup")
	send("?replace=perhaps", backup, "mine").problem(422, "invalid", "replace")
	if a := w.do(admin, "GET", "/api/v1/addresses/a", "").want(200).json(); a["address"] != "192.0.2.2" {
		t.Fatalf("what was refused changed %v", a)
	}

	done := send("?replace=true", backup, "mine").want(200).json()["position"].(map[string]any)
	if done["revision"] != 1.0 || done["epoch"].(float64) <= dry["position"].(map[string]any)["epoch"].(float64) {
		t.Errorf("at %v", done)
	}
	select {
	case <-w.control.Replaced():
	default:
		t.Error("nobody is told that all is another now")
	}
	if a := w.do("mine", "GET", "/api/v1/addresses/a", "").want(200).json(); a["address"] != "192.0.2.1" {
		t.Errorf("%v", a)
	}
	w.do("mine", "GET", "/api/v1/addresses/b", "").problem(404, "not_found")
	w.do("late", "GET", "/api/v1/addresses", "").problem(401, "unauthorized")
	w.do("revoked", "GET", "/api/v1/addresses", "").want(200)
	w.do(admin, "POST", "/api/v1/addresses", `{"name":"c","address":"192.0.2.4"}`).want(201)
	if r := w.do(admin, "GET", "/api/v1/revisions", "").want(200).json()["items"].([]any); len(r) != 2 {
		t.Errorf("%v", r)
	}
	if e := w.do(admin, "GET", "/api/v1/events?kind=restore", "").want(200).json()["items"].([]any); len(e) != 1 {
		t.Errorf("%v", e)
	}
	if rows := w.do(admin, "GET", "/api/v1/audit?object=restore", "").want(200).json()["items"].([]any); len(rows) < 2 {
		t.Errorf("the audit has %v", rows)
	}

	// The disaster: another, empty control, with a token of its own.
	fresh := start(t)
	r := fresh.do(admin, "POST", "/api/v1/restore", backup, "Content-Type", "application/zstd").want(200).json()
	if p := r["plan"].(map[string]any); p["same_installation"] != false || p["empty"] != true {
		t.Errorf("%v", p)
	}
	fresh.do(admin, "GET", "/api/v1/addresses/a", "").want(200)
	fresh.do(auth.Viewer, "GET", "/api/v1/addresses/a", "").problem(401, "unauthorized")
	fresh.tokens["old"] = w.tokens[auth.Viewer]
	fresh.do("old", "GET", "/api/v1/addresses/a", "").want(200)
}
