package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/meridian-gtm/meridian/control/api"
	"github.com/meridian-gtm/meridian/control/auth"
)

func TestBadInputNamesTheFieldAndWhatToDo(t *testing.T) {
	t.Parallel()
	w := start(t)
	op := auth.Operator
	w.do(op, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`).want(201)
	for _, row := range []struct {
		name, method, path, body string
		status                   int
		code, field              string
		words                    string
	}{
		{"a body cut short", "POST", "pools", `{"name":`, 400, "bad_json", "", "not JSON"},
		{"no body", "POST", "pools", ``, 400, "bad_json", "", "empty"},
		{"two values", "POST", "pools", `{} {}`, 400, "bad_json", "", "more follows"},
		{"a list in place of an object", "POST", "pools", `[]`, 422, "invalid", "", "an object"},
		{"a misspelt field", "POST", "pools", `{"name":"p","type":"IPv4","polcy":"weighted"}`, 422, "invalid", "polcy", `did you mean \"policy\"`},
		{"a misspelt field inside", "POST", "pools", `{"name":"p","type":"IPv4","members":[{"address":"a"},{"adress":"a"}]}`, 422, "invalid", "members[1].adress", "address"},
		{"another case of a field", "POST", "pools", `{"Name":"p","type":"IPv4"}`, 422, "invalid", "Name", "name"},
		{"text for a number", "POST", "pools", `{"name":"p","type":"IPv4","members":[{"address":"a","weight":"5"}]}`, 422, "invalid", "members[0].weight", "is text; write a number"},
		{"half a weight", "POST", "pools", `{"name":"p","type":"IPv4","members":[{"address":"a","weight":1.5}]}`, 422, "invalid", "members[0].weight", "whole number"},
		{"a weight beyond its range", "POST", "pools", `{"name":"p","type":"IPv4","members":[{"address":"a","weight":101}]}`, 422, "invalid", "members[0].weight", "100"},
		{"a number for a list", "POST", "pools", `{"name":"p","type":"IPv4","members":5}`, 422, "invalid", "members", "a list"},
		{"an unknown policy", "POST", "pools", `{"name":"p","type":"IPv4","policy":"best"}`, 422, "invalid", "policy", "round_robin"},
		{"a member that does not exist", "POST", "pools", `{"name":"p","type":"IPv4","members":[{"address":"nobody"}]}`, 422, "invalid", "members[0].address", "nobody"},
		{"no name", "POST", "pools", `{"type":"IPv4"}`, 422, "invalid", "name", "name"},
		{"a duration without unit", "POST", "templates", `{"name":"t","protocol":"tcp","interval":5}`, 422, "invalid", "interval", "text"},
		{"a duration that is none", "POST", "templates", `{"name":"t","protocol":"tcp","interval":"often"}`, 422, "invalid", "interval", "500ms"},
		{"a header value of a wrong form", "POST", "templates", `{"name":"t","protocol":"http","http":{"headers":{"X":{"value_from":{"env":"A"}}}}}`, 422, "invalid", "http.headers.X", "value_from"},
		{"a TTL below zero", "POST", "records", `{"zone":"z.example","name":"a","type":"A","ttl":-1,"data":["192.0.2.1"]}`, 422, "invalid", "ttl", "-1"},
		{"a TTL beyond 32 bits", "POST", "records", `{"zone":"z.example","name":"a","type":"A","ttl":4294967296,"data":["192.0.2.1"]}`, 422, "invalid", "ttl", "4294967296"},
		{"an IP that is none", "POST", "addresses", `{"name":"b","address":"300.1.2.3"}`, 422, "invalid", "address", "300.1.2.3"},
		{"a patch that is no object", "PATCH", "addresses/a", `"x"`, 422, "invalid", "", "object"},
		{"a patch of an unknown field", "PATCH", "addresses/a", `{"color":"red"}`, 422, "invalid", "color", "not a known field"},
		{"a patch of the name", "PATCH", "addresses/a", `{"name":"b"}`, 422, "invalid", "name", "cannot change"},
		{"a patch of nothing that exists", "PATCH", "addresses/zz", `{}`, 404, "not_found", "", ""},
		{"an unknown parameter", "GET", "pools?colour=red", ``, 422, "invalid", "colour", "not a parameter"},
		{"a limit beyond the largest", "GET", "pools?limit=1001", ``, 422, "invalid", "limit", "1 to 1000"},
		{"a forged cursor", "GET", "pools?cursor=xx", ``, 422, "invalid", "cursor", "leave it out"},
		{"an unknown order", "GET", "pools?sort=colour", ``, 422, "invalid", "sort", "updated_at"},
		{"dry_run of a wrong form", "POST", "addresses?dry_run=perhaps", `{"name":"b","address":"192.0.2.2"}`, 422, "invalid", "dry_run", "true or false"},
		{"an unknown kind in a change set", "POST", "changes", `{"put":[{"kind":"thing","body":{}}]}`, 422, "invalid", "put[0].kind", "access_domain"},
		{"a bad field in a change set", "POST", "changes", `{"put":[{"kind":"address","body":{"name":"b","address":"192.0.2.2"}},{"kind":"address","body":{"name":"c","adress":"x"}}]}`, 422, "invalid", "put[1].body.adress", "address"},
		{"pruning without a set", "POST", "changes", `{"prune":true}`, 422, "invalid", "prune", "set"},
		{"deletion of nothing", "POST", "changes", `{"delete":[{"kind":"pool","name":"zz"}]}`, 422, "invalid", "", "does not exist"},
		{"a broken master file", "PUT", "zones/z.example/file", "www IN A 300.0.0.1", 422, "invalid", "", "line 1"},
		{"an event id that is none", "GET", "events?after=x", ``, 422, "invalid", "after", "id"},
		{"a stream of unknown events", "GET", "stream?types=all", ``, 422, "invalid", "types", "health"},
	} {
		role := op
		r := w.do(role, row.method, "/api/v1/"+row.path, row.body)
		if r.status != row.status {
			t.Errorf("%s: status %d, want %d: %s", row.name, r.status, row.status, r.body)
			continue
		}
		p := r.json()
		if p["code"] != row.code || !strings.Contains(string(r.body), strings.ReplaceAll(row.words, `\"`, `\"`)) {
			t.Errorf("%s: want code %s and %q: %s", row.name, row.code, row.words, r.body)
		}
		if row.field != "" {
			list, _ := p["errors"].([]any)
			found := false
			for _, e := range list {
				found = found || e.(map[string]any)["field"] == row.field
			}
			if !found {
				t.Errorf("%s: no error about %s: %s", row.name, row.field, r.body)
			}
		}
	}
	if h, _ := w.control.Head(t.Context()); h.Revision != 1 {
		t.Errorf("bad input made revision %d", h.Revision)
	}
}

func TestErrorsNeverEchoSecrets(t *testing.T) {
	t.Parallel()
	w := start(t)
	r := w.do(auth.Operator, "POST", "/api/v1/templates", `{"name":"t","protocol":"http","unknown":"hunter2","http":{"headers":{"Authorization":["hunter2"]}}}`).problem(422, "invalid")
	if strings.Contains(string(r.body), "hunter2") {
		t.Errorf("the answer echoes a value: %s", r.body)
	}
}

func TestTooLargeBodiesAreRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	body := `{"name":"a","address":"192.0.2.1","remark":"` + strings.Repeat("x", 9<<20) + `"}`
	w.do(auth.Operator, "POST", "/api/v1/addresses", body).problem(413, "too_large")
	w.do(auth.Operator, "POST", "/api/v1/addresses", `x`, "Content-Type", "image/png").problem(415, "unsupported_media_type")
}

func TestChangeSetAppliesWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	w := start(t)
	const good = `{"put":[
		{"kind":"address","body":{"name":"a","address":"192.0.2.1"}},
		{"kind":"pool","body":{"name":"p","type":"IPv4","members":[{"address":"a"}]}},
		{"kind":"zone","body":{"name":"example.com"}},
		{"kind":"record","body":{"zone":"example.com","name":"www","type":"CNAME","data":["gtm.example.com."]}},
		{"kind":"access_domain","body":{"name":"gtm.example.com","type":"A","pools":[{"pool":"p"}]}},
		{"kind":"settings","body":{"nameservers":["ns1.example.net."]}}],"set":"team","comment":"all of it"}`
	dry := w.do(auth.Operator, "POST", "/api/v1/changes?dry_run=true", good).want(200).json()
	if dry["dry_run"] != true || dry["revision"] != 0.0 || len(dry["changes"].([]any)) != 6 {
		t.Errorf("dry: %v", dry)
	}
	w.do(auth.Operator, "POST", "/api/v1/changes", strings.Replace(good, `"pool":"p"`, `"pool":"q"`, 1)).problem(422, "invalid", "access_domain", "pools[0].pool")
	if got := w.do(auth.Viewer, "GET", "/api/v1/addresses", "").names(); len(got) != 0 {
		t.Errorf("a refused change set left %v", got)
	}
	done := w.do(auth.Operator, "POST", "/api/v1/changes", good).want(200).json()
	if done["revision"] != 1.0 {
		t.Errorf("done: %v", done)
	}
	again := w.do(auth.Operator, "POST", "/api/v1/changes", good).want(200).json()
	if again["revision"] != 1.0 || len(again["changes"].([]any)) != 0 || again["unchanged"] != 6.0 {
		t.Errorf("again: %v", again)
	}
	// The same through single routes, by every spelling of a name.
	for _, p := range []string{"access-domains/gtm.example.com", "access-domains/GTM.Example.com./a", "access-domains/gtm.example.com%2FA",
		"records/example.com/www/CNAME", "records/example.com/www.example.com./cname", "records/example.com%2Fwww.example.com%2FCNAME"} {
		w.do(auth.Viewer, "GET", "/api/v1/"+p, "").want(200)
	}
	w.do(auth.Operator, "PATCH", "/api/v1/access-domains/gtm.example.com/A", `{"ttl":30}`).want(200)
	w.do(auth.Operator, "PUT", "/api/v1/records/example.com/@/MX", `{"data":["10 mail.example.com."]}`).want(201)
	z := w.do(auth.Viewer, "GET", "/api/v1/zones/example.com", "").want(200).json()
	if z["serial"] != 2026112202.0 {
		t.Errorf("serial after two changes: %v", z["serial"])
	}
	gone := w.do(auth.Operator, "POST", "/api/v1/changes", `{"set":"team","prune":true,"put":[{"kind":"address","body":{"name":"a","address":"192.0.2.1"}}],"delete":[{"kind":"record","name":"example.com/@/MX"}]}`).want(200).json()
	if n := len(gone["changes"].([]any)); n != 5 {
		t.Errorf("pruned: %v", gone)
	}
	w.do(auth.Operator, "POST", "/api/v1/changes", `{"put":[{"kind":"address","version":9,"body":{"name":"a","address":"192.0.2.2"}}]}`).problem(412, "version_mismatch")
	// A new object of a set must not lie over one that somebody made meanwhile, on a preview neither.
	const two = `{"put":[{"kind":"address","absent":true,"body":{"name":%q,"address":"192.0.2.2"}},{"kind":"address","body":{"name":"beside","address":"192.0.2.3"}}]}`
	for _, path := range []string{"changes", "changes?dry_run=true", "preview"} {
		w.do(auth.Operator, "POST", "/api/v1/"+path, fmt.Sprintf(two, "a")).problem(409, "exists", "a")
	}
	w.do(auth.Viewer, "GET", "/api/v1/addresses/beside", "").problem(404, "not_found")
	w.do(auth.Operator, "POST", "/api/v1/changes", fmt.Sprintf(two, "new")).want(200)
	w.do(auth.Operator, "POST", "/api/v1/changes", fmt.Sprintf(two, "new")).problem(409, "exists", "new")
	w.do(auth.Operator, "POST", "/api/v1/changes", `{"put":[{"kind":"address","absent":true,"version":1,"body":{"name":"b","address":"192.0.2.2"}}]}`).problem(422, "invalid", "put[0].absent")
}

func TestDryRunOfOneObjectIsAPlan(t *testing.T) {
	t.Parallel()
	w := start(t)
	for _, row := range [][3]string{{"POST", "addresses", `{"name":"a","address":"192.0.2.1"}`}, {"PUT", "addresses/a", `{"address":"192.0.2.1"}`}} {
		r := w.do(auth.Operator, row[0], "/api/v1/"+row[1]+"?dry_run=true", row[2]).want(200)
		if r.header.Get("Content-Type") != "application/vnd.meridian.plan+json" || r.json()["dry_run"] != true {
			t.Errorf("%s: %s", r.what, r.body)
		}
	}
	w.do(auth.Viewer, "GET", "/api/v1/addresses/a", "").problem(404, "not_found")
}

func TestIdempotencyKeyOverHTTP(t *testing.T) {
	t.Parallel()
	w := start(t)
	send := func(body string) *reply {
		return w.do(auth.Operator, "POST", "/api/v1/addresses", body, "Idempotency-Key", "k1")
	}
	first := send(`{"name":"a","address":"192.0.2.1"}`).want(201)
	again := send(`{"name":"a","address":"192.0.2.1"}`).want(201)
	if string(first.body) != string(again.body) || again.header.Get("ETag") != first.header.Get("ETag") || again.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("the repeat differs:\n%s\n%s", first.body, again.body)
	}
	send(`{"name":"b","address":"192.0.2.1"}`).problem(422, "idempotency_key_reused")
	for range 2 { // a deletion too
		w.do(auth.Operator, "DELETE", "/api/v1/addresses/a", "", "Idempotency-Key", "k2").want(200)
	}
	// Another principal's key is another key.
	w.do(auth.Admin, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`, "Idempotency-Key", "k1").want(201)
}

func TestZoneFileRoundTrip(t *testing.T) {
	t.Parallel()
	w := start(t)
	const text = "$TTL 300\n@ IN SOA ns1.example.com. hostmaster.example.com. 7 7200 900 1209600 30\n@ NS ns1\n@ NS ns2\nns1 A 192.0.2.53\nns2 A 192.0.2.54\nwww 60 A 192.0.2.1\nwww A 192.0.2.2\n@ MX 10 mail\n"
	w.do(auth.Operator, "PUT", "/api/v1/zones/example.com/file", text, "Content-Type", "text/dns").want(200)
	z := w.do(auth.Viewer, "GET", "/api/v1/zones/example.com", "").want(200).json()
	if fmt.Sprint(z["nameservers"]) != "[ns1.example.com ns2.example.com]" || z["soa"].(map[string]any)["negative_ttl"] != 30.0 || z["serial"] != 2026112200.0 {
		t.Errorf("zone %v", z)
	}
	out := string(w.do(auth.Viewer, "GET", "/api/v1/zones/example.com/file", "").want(200).body)
	for _, line := range []string{"SOA\tns1.example.com. hostmaster.example.com. 2026112200 7200 900 1209600 30", "www.example.com.\t60\tIN\tA\t192.0.2.2", "NS\tns2.example.com."} {
		if !strings.Contains(out, line) {
			t.Errorf("export lacks %q:\n%s", line, out)
		}
	}
	again := w.do(auth.Operator, "PUT", "/api/v1/zones/example.com/file?replace=true", out).want(200).json()
	if n := len(again["changes"].([]any)); n != 0 {
		t.Errorf("importing the export changes %v", again["changes"])
	}
	less := w.do(auth.Operator, "PUT", "/api/v1/zones/example.com/file", "www 60 A 192.0.2.9\n").want(200).json()
	if n := len(less["changes"].([]any)); n != 2 { // the record and the serial
		t.Errorf("a part: %v", less["changes"])
	}
	whole := w.do(auth.Operator, "PUT", "/api/v1/zones/example.com/file?replace=true&dry_run=true", "www 60 A 192.0.2.9\n").want(200).json()
	if n := len(whole["changes"].([]any)); n != 4 { // ns1, ns2 and MX go
		t.Errorf("the whole: %v", whole["changes"])
	}
	w.do(auth.Viewer, "GET", "/api/v1/zones/other.net/file", "").problem(404, "not_found")
}

func TestZoneFileFindingsTellLines(t *testing.T) {
	t.Parallel()
	w := start(t)
	found := func(text string) string {
		var out []string
		for _, e := range w.do(auth.Operator, "PUT", "/api/v1/zones/z.example/file?dry_run=true", text).problem(422, "invalid").json()["errors"].([]any) {
			m := e.(map[string]any)
			out = append(out, fmt.Sprint(m["line"], " ", m["code"]))
		}
		return strings.Join(out, ", ")
	}
	const soa = "@ 300 SOA ns1.z.example. hostmaster.z.example. 1 7200 900 1209600 30\n@ NS ns1.z.example.\n"
	for text, want := range map[string]string{
		soa + "a A 192.0.2\nb A 192.0.2.1\nc MX mail\n\nd CH TXT x\n": "3 invalid_master_file, 5 invalid_master_file, 7 invalid_master_file",
		soa + "a A (192.0.2.1\n": "3 invalid_master_file",
		soa + "b A 192.0.2.1\na CNAME b\nb A 192.0.2.2\na A 192.0.2.1\n": "4 cname_and_other",
	} {
		if got := found(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	warned := w.do(auth.Operator, "PUT", "/api/v1/zones/z.example/file", soa+"sub NS ns1.z.example.\nsub TXT x\n").want(200).json()["warnings"].([]any)
	if len(warned) == 0 || warned[0].(map[string]any)["line"] != 4.0 {
		t.Errorf("warnings %v", warned)
	}
}

func TestZonesTellRecordsAndWhatHidesThem(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.do(auth.Operator, "POST", "/api/v1/changes", `{"put":[
		{"kind":"zone","body":{"name":"z.example","nameservers":["ns1.z.example."],"soa":{"contact":"hostmaster.z.example."}}},
		{"kind":"record","body":{"zone":"z.example","name":"www","type":"A","data":["192.0.2.1"]}},
		{"kind":"record","body":{"zone":"z.example","name":"www","type":"TXT","data":["x"]}},
		{"kind":"address","body":{"name":"a","address":"192.0.2.9"}},
		{"kind":"pool","body":{"name":"p","type":"IPv4","policy":"round_robin","members":[{"address":"a"}]}},
		{"kind":"access_domain","body":{"name":"www.z.example","type":"A","policy":"round_robin","pools":[{"pool":"p"}]}}]}`).want(200)
	if n := w.do(auth.Viewer, "GET", "/api/v1/zones", "").want(200).json()["items"].([]any)[0].(map[string]any)["record_count"]; n != 2.0 {
		t.Errorf("record_count %v", n)
	}
	hidden := func(path string) any {
		return w.do(auth.Viewer, "GET", "/api/v1/records/"+path, "").want(200).json()["hidden_by"]
	}
	if got := fmt.Sprint(hidden("z.example/www/A"), hidden("z.example/www/TXT")); got != "www.z.example/A<nil>" {
		t.Errorf("hidden by %s", got)
	}
	// What was read can be written back.
	whole := string(w.do(auth.Viewer, "GET", "/api/v1/records/z.example/www/A", "").want(200).body)
	w.do(auth.Operator, "PUT", "/api/v1/records/z.example/www/A", whole).want(200)
	w.do(auth.Operator, "PATCH", "/api/v1/access-domains/www.z.example/A", `{"enabled":false}`, "Content-Type", "application/merge-patch+json").want(200)
	if got := hidden("z.example/www/A"); got != nil {
		t.Errorf("hidden by %v, which is disabled", got)
	}
}

func TestListsPageAndFilter(t *testing.T) {
	t.Parallel()
	w := start(t)
	body := `{"put":[`
	for i := range 250 {
		body += fmt.Sprintf(`{"kind":"address","body":{"name":"a-%03d","address":"10.0.0.%d","labels":{"site":"s%d"}}},`, i, i+1, i%2)
	}
	w.do(auth.Operator, "POST", "/api/v1/changes", strings.TrimSuffix(body, ",")+"]}").want(200)
	var all []string
	for cursor := ""; ; {
		r := w.do(auth.Viewer, "GET", "/api/v1/addresses?q=a-&label=site=s1&cursor="+cursor, "").want(200)
		all = append(all, r.names()...)
		if r.json()["total"] != 125.0 {
			t.Errorf("total %v", r.json()["total"])
		}
		next, ok := r.json()["next_cursor"].(string)
		if !ok {
			break
		}
		cursor = next
	}
	if len(all) != 125 || all[0] != "a-001" || all[124] != "a-249" {
		t.Errorf("%d: %v", len(all), all)
	}
	lines := w.do(auth.Viewer, "GET", "/api/v1/builtin-lines?limit=1000&category=default", "").want(200).json()
	if fmt.Sprint(lines["total"]) != "1" {
		t.Errorf("default line: %v", lines)
	}
	if n := w.do(auth.Viewer, "GET", "/api/v1/builtin-lines?q=guangdong", "").want(200).json()["total"].(float64); n < 2 {
		t.Errorf("%v lines of guangdong", n)
	}
}

func TestPatchesOfManyWritersAllHold(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.do(auth.Operator, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`).want(201)
	var wg sync.WaitGroup
	const writers = 4 // fewer than a patch's tries
	for i := range writers {
		wg.Go(func() {
			if r := w.do(auth.Operator, "PATCH", "/api/v1/addresses/a", fmt.Sprintf(`{"labels":{"w%d":"x"}}`, i)); r.status != http.StatusOK {
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
	wg.Wait()
	if l := w.do(auth.Viewer, "GET", "/api/v1/addresses/a", "").json()["labels"].(map[string]any); len(l) != writers {
		t.Errorf("labels %v", l)
	}
}

// TestMergePatch holds the examples of RFC 7396 appendix A.
func TestMergePatch(t *testing.T) {
	t.Parallel()
	for _, row := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`}, {`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`}, {`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`}, {`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`}, {`{"a":"b"}`, `["c"]`, `["c"]`}, {`{"a":"foo"}`, `null`, `null`}, {`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`}, {`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`}, {`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		var base, patch, want any
		for i, to := range []*any{&base, &patch, &want} {
			if err := json.Unmarshal([]byte(row[i]), to); err != nil {
				t.Fatal(err)
			}
		}
		if got := api.MergePatch(base, patch); !reflect.DeepEqual(got, want) {
			t.Errorf("%s patched with %s gives %v, want %s", row[0], row[1], got, row[2])
		}
	}
}

// FuzzBody: whatever a body holds, it is refused as the client's fault or taken, and
// what is taken can be read and sent back without changing anything.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{"name":"p","type":"IPv4","members":[{"address":"a","weight":5,"lines":["cn"]}]}`, `{"name":"t","protocol":"http","http":{"headers":{"X":{"value_from":{"file":"/x"}}}}}`,
		`{"name":"a","address":"192.0.2.1","location":{"latitude":1e0,"longitude":-0}}`, `{"zone":"z.example","name":"@","type":"TXT","data":["\"x\""]}`,
		`{"name":"*.z.example","type":"A","ttl":4294967295}`, `{"name":"z.example","soa":{"ttl":1}}`, `{"name":"l","cidrs":["10.0.0.0/8"]}`, `{"members":[null]}`, `[`, `1e999`, `{"weight":9223372036854775808}`,
	} {
		for k := range api.Kinds() {
			f.Add(uint8(k), []byte(s))
		}
	}
	decode := api.Decoder()
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		name := api.Kinds()[int(kind)%len(api.Kinds())]
		o, err := decode(name, body)
		if err != nil {
			if status := api.StatusOf(err); status != 400 && status != 422 {
				t.Fatalf("%s: status %d: %v", name, status, err)
			}
			return
		}
		again, err := decode(name, o)
		if err != nil || string(again) != string(o) {
			t.Fatalf("%s: what was taken does not come back:\n%s\n%s\n%v", name, o, again, err)
		}
	})
}

func TestCurlWithoutAContentType(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.do(auth.Operator, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`, "Content-Type", "application/x-www-form-urlencoded").want(201)
}
