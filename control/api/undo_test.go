package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
)

func TestRollbackAndRevertOverTheAPI(t *testing.T) {
	t.Parallel()
	w := start(t)
	op := auth.Operator
	w.do(op, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`).want(201)
	w.do(op, "PATCH", "/api/v1/addresses/a", `{"address":"192.0.2.2"}`).want(200)
	w.do(op, "PATCH", "/api/v1/addresses/a", `{"address":"192.0.2.3"}`).want(200)
	w.do(op, "POST", "/api/v1/pools", `{"name":"p","members":[{"address":"a"}]}`).want(201)
	address := func() any { return w.do(op, "GET", "/api/v1/addresses/a", "").want(200).json()["address"] }

	// What is in the way is named, and nothing moves.
	bad := w.do(op, "POST", "/api/v1/revisions/2/revert", "").problem(409, "collision", "revision 3", "nothing was changed").json()
	if e := bad["errors"].([]any)[0].(map[string]any); e["kind"] != "address" || e["name"] != "a" || e["field"] != "address" || e["code"] != "changed_since" {
		t.Errorf("%v", bad)
	}
	w.do(op, "POST", "/api/v1/revisions/2/revert?dry_run=true", "").problem(409, "collision", "revision 3")
	w.do(op, "POST", "/api/v1/revisions/1/revert", "").problem(409, "collision")

	dry := w.do(op, "POST", "/api/v1/revisions/3/revert?dry_run=true", "").want(200).json()
	if dry["dry_run"] != true || dry["revision"] != 4.0 || len(dry["changes"].([]any)) != 1 || address() != "192.0.2.3" {
		t.Errorf("dry: %v", dry)
	}
	done := w.do(op, "POST", "/api/v1/revisions/3/revert", "", "Idempotency-Key", "k").want(200)
	if done.json()["revision"] != 5.0 || address() != "192.0.2.2" {
		t.Errorf("revert: %s", done.body)
	}
	again := w.do(op, "POST", "/api/v1/revisions/3/revert", "", "Idempotency-Key", "k").want(200)
	if string(again.body) != string(done.body) {
		t.Errorf("repeated: %s", again.body)
	}
	w.do(op, "POST", "/api/v1/revisions/2/revert", "", "Idempotency-Key", "k").problem(422, "idempotency_key_reused")
	w.do(op, "POST", "/api/v1/revisions/1/rollback?comment=too+far", "").want(200)
	if address() != "192.0.2.1" {
		t.Error(address())
	}
	w.do(op, "GET", "/api/v1/pools/p", "").problem(404, "not_found")
	if r := w.do(op, "GET", "/api/v1/revisions/6", "").want(200).json(); r["comment"] != "too far" || r["author"] != "operator" || len(r["changes"].([]any)) != 2 {
		t.Errorf("%v", r)
	}
	if r := w.do(op, "GET", "/api/v1/revisions/5", "").want(200).json(); r["comment"] != "revert revision 3" {
		t.Errorf("%v", r)
	}
	if r := w.do(op, "POST", "/api/v1/revisions/1/rollback", "").want(200).json(); r["revision"] != 6.0 || len(r["changes"].([]any)) != 0 {
		t.Errorf("nothing to do: %v", r)
	}
}

func TestBadRollbacks(t *testing.T) {
	t.Parallel()
	w := start(t)
	op := auth.Operator
	w.do(op, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`).want(201)
	for _, verb := range []string{"rollback", "revert"} {
		at := func(n string) string { return "/api/v1/revisions/" + n + "/" + verb }
		w.do(op, "POST", at("9"), "").problem(404, "not_found", "Revision 9 does not exist")
		w.do(op, "POST", at("9223372036854775807"), "").problem(404, "not_found")
		for _, n := range []string{"0", "-1", "x", "1.0", "9223372036854775808", "%20"} {
			w.do(op, "POST", at(n), "").problem(422, "invalid", "number")
		}
		w.do(op, "POST", at("1")+"?dry_run=maybe", "").problem(422, "invalid", "dry_run")
		w.do(op, "POST", at("1")+"?force=true", "").problem(422, "invalid", "force")
		w.do(op, "POST", at("1"), `{"comment":"x"}`).problem(422, "invalid", "?comment=")
		w.do(op, "POST", at("1"), "", "If-Match", `"1"`).problem(422, "invalid", "If-Match")
		w.do(op, "POST", at("1"), "", "Idempotency-Key", strings.Repeat("k", 256)).problem(422, "invalid", "Idempotency-Key")
		w.do(op, "GET", at("1"), "").want(405)
		w.do(auth.Viewer, "POST", at("1"), "").problem(403, "forbidden", "operator")
	}
	if r := w.do(op, "GET", "/api/v1/revisions", "").want(200).json(); len(r["items"].([]any)) != 1 {
		t.Errorf("a refusal made a revision: %v", r)
	}
}

func TestDiffAndHistoryOverTheAPI(t *testing.T) {
	t.Parallel()
	w := start(t)
	op, view := auth.Operator, auth.Viewer
	w.do(op, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`).want(201)
	w.do(op, "POST", "/api/v1/pools?comment=for+the+shop", `{"name":"p","members":[{"address":"a"}]}`).want(201)
	w.do(op, "PATCH", "/api/v1/addresses/a", `{"address":"192.0.2.3"}`).want(200)
	w.do(auth.Admin, "DELETE", "/api/v1/pools/p", "").want(200)
	numbers := func(query string) string {
		t.Helper()
		out := ""
		for _, r := range w.do(view, "GET", "/api/v1/revisions?"+query, "").want(200).json()["items"].([]any) {
			out += fmt.Sprint(r.(map[string]any)["number"])
		}
		return out
	}
	for query, want := range map[string]string{
		"object=address/a": "31", "object=pools/p": "42", "object=pool/none": "", "author=admin": "4", "q=SHOP": "2", "until=2026-11-22T11:00:00Z": "",
		"since=2026-11-22T11:00:00Z": "4321", "object=pool/p&author=operator": "2", "object=pool/p&cursor=4": "2", "object=settings/settings": "",
	} {
		if got := numbers(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for query, field := range map[string]string{"object=p": "object", "object=thing/p": "object", "object=pool/": "object", "since=yesterday": "since", "until=1": "until", "cursor=x": "cursor", "autor=x": "autor"} {
		w.do(view, "GET", "/api/v1/revisions?"+query, "").problem(422, "invalid", field)
	}

	d := w.do(view, "GET", "/api/v1/revisions/1/diff?with=3", "").want(200).json()
	if c := d["changes"].([]any); d["from"] != 1.0 || d["to"] != 3.0 || len(c) != 2 || d["effect"] == nil {
		t.Errorf("%v", d)
	}
	d = w.do(view, "GET", "/api/v1/revisions/3/diff", "").want(200).json()
	gone := d["changes"].([]any)[0].(map[string]any)
	if d["to"] != 4.0 || gone["action"] != "delete" || len(gone["fields"].([]any)) == 0 {
		t.Errorf("%v", d)
	}
	w.do(view, "GET", "/api/v1/revisions/9/diff", "").problem(404, "not_found", "the newest is 4")
	w.do(view, "GET", "/api/v1/revisions/1/diff?with=9", "").problem(404, "not_found", "Revision 9")
	for _, bad := range []string{"/x/diff", "/-1/diff", "/1/diff?with=x", "/1/diff?from=2"} {
		w.do(view, "GET", "/api/v1/revisions"+bad, "").problem(422, "invalid")
	}
	r := w.do(view, "GET", "/api/v1/revisions/2?effect=true", "").want(200).json()
	if r["effect"] == nil || r["comment"] != "for the shop" || r["remote"] != "127.0.0.1" {
		t.Errorf("%v", r)
	}
	if r := w.do(view, "GET", "/api/v1/revisions/2?changes=false", "").want(200).json(); len(r["changes"].([]any)) != 0 || r["comment"] != "for the shop" {
		t.Errorf("%v", r)
	}
	w.do(view, "GET", "/api/v1/revisions/9?changes=false", "").problem(404, "not_found", "Revision 9")
	w.do(view, "GET", "/api/v1/revisions/2?effect=perhaps", "").problem(422, "invalid", "effect")

	// What is compacted says so, and how far one can go back.
	if _, err := w.store.Compact(t.Context(), 2, time.Now().Add(100*365*24*time.Hour), 10); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"GET", "1/diff?with=4"}, {"GET", "4/diff?with=1"}, {"POST", "1/rollback"}, {"POST", "2/revert"}, {"POST", "1/revert?dry_run=true"}} {
		w.do(op, c[0], "/api/v1/revisions/"+c[1], "").problem(410, "compacted", "revision 2.")
	}
	r = w.do(view, "GET", "/api/v1/revisions/2?effect=true", "").want(200).json()
	if c := r["changes"].([]any)[0].(map[string]any); r["compacted"] != true || r["effect"] != nil || c["action"] != "create" || c["name"] != "p" || r["author"] != "operator" {
		t.Errorf("%v", r)
	}
	if got := numbers("object=address/a"); got != "31" {
		t.Errorf("after compaction: %q", got)
	}
	w.do(op, "POST", "/api/v1/revisions/2/rollback", "").want(200)
	w.do(op, "POST", "/api/v1/revisions/3/revert?dry_run=true", "").want(200)
}
