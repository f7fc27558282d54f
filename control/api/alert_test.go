package api_test

import (
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/control/auth"
)

// TestAlertSecretsAreNeverShown: what a channel keeps secret stands in no answer, in no
// refusal and not in the audit, and survives a change that leaves it out.
func TestAlertSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	w := start(t)
	const one = "/api/v1/alerts/channels/ops"
	body := `{"kind":"dingtalk","url":"https://oapi.example.com/robot/send?access_token=TOKENTOKEN","secret":"SECSECSEC"}`
	check := func(r string) {
		t.Helper()
		if strings.Contains(r, "TOKENTOKEN") || strings.Contains(r, "SECSECSEC") {
			t.Errorf("a secret is told: %s", r)
		}
	}
	made := w.do(auth.Admin, "PUT", one, body, "If-Match", `"0"`).want(201)
	check(string(made.body))
	if got := made.header.Get("ETag"); got != `"1"` {
		t.Errorf("ETag %s", got)
	}
	check(string(w.do(auth.Admin, "PUT", one, body, "If-Match", `"0"`).want(412).body))
	check(string(w.do(auth.Admin, "PUT", one, strings.Replace(body, "dingtalk", "wecom", 1), "If-Match", `"1"`).want(422).body))
	check(string(w.do(auth.Admin, "PUT", one, strings.Replace(body, `"kind"`, `"bad":1,"kind"`, 1)).want(422).body))
	changed := w.do(auth.Admin, "PUT", one, `{"kind":"dingtalk","language":"zh","url":"https://oapi.example.com/…"}`, "If-Match", `"1"`).want(200)
	if m := changed.json(); m["secret_set"] != true || m["language"] != "zh" || m["url"] != "https://oapi.example.com/…" {
		t.Errorf("%s", changed.body)
	}
	for _, path := range []string{one, "/api/v1/alerts/channels", "/api/v1/audit"} {
		check(string(w.do(auth.Admin, "GET", path, "").want(200).body))
	}
	w.do(auth.Viewer, "GET", one, "").want(200)
	w.do(auth.Operator, "PUT", one, body).problem(403, "forbidden", "admin")
	w.do(auth.Admin, "PATCH", "/api/v1/alerts/settings", `{"channels":["ops"],"group_wait":"5s"}`).want(200)
	w.do(auth.Admin, "DELETE", one, "").problem(409, "in_use", "the settings")
	if m := w.do(auth.Admin, "PUT", "/api/v1/alerts/settings", `{}`).want(200).json(); m["group_wait"] != "10s" || len(m["channels"].([]any)) != 0 {
		t.Errorf("%v", m)
	}
	w.do(auth.Admin, "PUT", "/api/v1/alerts/settings", `{"channels":["nobody"]}`).problem(422, "invalid", "channels[0]")
	w.do(auth.Admin, "DELETE", one, "").want(200)
	w.do(auth.Admin, "GET", one, "").problem(404, "not_found", "ops")
}
