package send_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/meridian-gtm/meridian/control/alert/send"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// request is what a channel's other side has seen.
type request struct {
	path, query string
	head        http.Header
	body        []byte
}

func (r *request) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(r.body, &m); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	return m
}

// server answers every request with one answer and keeps what it was sent.
func server(t *testing.T, status int, answer string, head ...string) (*httptest.Server, func() []request) {
	t.Helper()
	seen := make(chan request, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		seen <- request{r.URL.Path, r.URL.RawQuery, r.Header, b}
		for i := 0; i+1 < len(head); i += 2 {
			w.Header().Set(head[i], head[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s, func() (out []request) {
		for len(seen) > 0 {
			out = append(out, <-seen)
		}
		return out
	}
}

func message() *send.Message {
	at := time.Date(2026, 11, 26, 1, 2, 3, 0, time.UTC)
	return &send.Message{ID: "delivery-1", At: at, Bundle: "bundle-7", Severity: "error", Title: "[Meridian] ERROR: Pool *hz* is <unavailable>", Open: 1, Link: "https://gtm.example.com/alerts", Lapse: 8 * time.Hour,
		Entries: []send.Entry{
			{Alert: 7, Action: "alert", Event: "pool_unavailable", Of: "pool_unavailable", Severity: "error", Kind: "pool", Object: "hz", At: at, Since: at.Add(-time.Second), Title: "Pool *hz* is <unavailable>", Text: "Since 01:02.\nOut: hz_1."},
			{Alert: 6, Action: "resume", Event: "address_resume", Of: "address_alert", Severity: "warning", Kind: "address", Object: "bj-1", At: at, Since: at.Add(-time.Minute), Title: "Address bj-1 has recovered", Text: "It had lasted 1m."},
		}}
}

func sum(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// once sends a message to a server and returns the one request that it saw.
func once(t *testing.T, c send.Channel, answer string, m *send.Message) request {
	t.Helper()
	status := 200
	if c.Kind == send.PagerDuty {
		status = 202
	}
	s, seen := server(t, status, answer)
	c.URL = s.URL + c.URL
	c.Name = "ops"
	if _, err := send.New(loopback).Send(t.Context(), &c, m); err != nil {
		t.Fatal(err)
	}
	list := seen()
	if len(list) != 1 {
		t.Fatalf("%d requests", len(list))
	}
	return list[0]
}

// recent holds a timestamp of a signature to now.
func recent(t *testing.T, text string, unit time.Duration) {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if ago := time.Since(time.Unix(0, n*int64(unit))); ago.Abs() > time.Minute {
		t.Errorf("timestamp %s is %s off", text, ago)
	}
}

func TestWebhookIsSigned(t *testing.T) {
	t.Parallel()
	r := once(t, send.Channel{Kind: send.Webhook, URL: "/in?k=1", Secret: "the key"}, "fine", message())
	at := r.head.Get("X-Meridian-Timestamp")
	recent(t, at, time.Second)
	if want := "v1=" + hex.EncodeToString(sum("the key", at+"."+string(r.body))); r.head.Get("X-Meridian-Signature") != want {
		t.Errorf("signature %s, want %s", r.head.Get("X-Meridian-Signature"), want)
	}
	if r.head.Get("X-Meridian-Delivery") != "delivery-1" || r.head.Get("Idempotency-Key") != "delivery-1" || r.path != "/in" || r.query != "k=1" {
		t.Errorf("%+v", r)
	}
	m := r.json(t)
	if m["version"] != "meridian/v1" || m["channel"] != "ops" || m["id"] != "delivery-1" || len(m["entries"].([]any)) != 2 || m["open"] != 1.0 {
		t.Errorf("%s", r.body)
	}
	if _, leaks := m["lapse_ns"]; leaks {
		t.Error("what is of ours alone travels")
	}
}

func TestDingTalkIsSigned(t *testing.T) {
	t.Parallel()
	r := once(t, send.Channel{Kind: send.DingTalk, URL: "/robot/send?access_token=abc", Secret: "SECx", Mention: []string{"13800000000", "all"}, Language: "zh"}, `{"errcode":0,"errmsg":"ok"}`, message())
	u := httptest.NewRequest("POST", "/?"+r.query, nil).URL.Query()
	recent(t, u.Get("timestamp"), time.Millisecond)
	if want := base64.StdEncoding.EncodeToString(sum("SECx", u.Get("timestamp")+"\nSECx")); u.Get("sign") != want || u.Get("access_token") != "abc" {
		t.Errorf("query %s, want the signature %s", r.query, want)
	}
	m := r.json(t)
	text := m["markdown"].(map[string]any)["text"].(string)
	if m["msgtype"] != "markdown" || !strings.Contains(text, `Pool \*hz\* is &lt;unavailable&gt;`) || !strings.Contains(text, "打开控制台") || !strings.Contains(text, "@13800000000") {
		t.Errorf("%s", r.body)
	}
	if at := m["at"].(map[string]any); at["isAtAll"] != true || len(at["atMobiles"].([]any)) != 1 {
		t.Errorf("%v", at)
	}
}

func TestFeishuIsSigned(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{"code":0,"msg":"success"}`, `{"StatusCode":0,"StatusMessage":"success"}`} {
		r := once(t, send.Channel{Kind: send.Feishu, URL: "/hook/abc", Secret: "key", Mention: []string{"ou_1"}}, answer, message())
		m := r.json(t)
		at := m["timestamp"].(string)
		recent(t, at, time.Second)
		if want := base64.StdEncoding.EncodeToString(sum(at+"\nkey", "")); m["sign"] != want {
			t.Errorf("sign %v, want %s", m["sign"], want)
		}
		if !strings.Contains(string(r.body), `at id=ou_1`) || !strings.Contains(string(r.body), `"template":"red"`) {
			t.Errorf("%s", r.body)
		}
	}
	m := message()
	m.Open = 0
	if r := once(t, send.Channel{Kind: send.Feishu, URL: "/hook/abc"}, `{"code":0}`, m); !strings.Contains(string(r.body), `"template":"green"`) || strings.Contains(string(r.body), `"sign"`) {
		t.Errorf("%s", r.body)
	}
}

func TestWeComAndSlack(t *testing.T) {
	t.Parallel()
	r := once(t, send.Channel{Kind: send.WeCom, URL: "/cgi-bin/webhook/send?key=abc", Mention: []string{"zhang"}}, `{"errcode":0,"errmsg":"ok"}`, message())
	if text := r.json(t)["markdown"].(map[string]any)["content"].(string); !strings.Contains(text, "<@zhang>") || !strings.Contains(text, "&lt;unavailable&gt;") || len(text) > 4096 {
		t.Errorf("%s", text)
	}
	r = once(t, send.Channel{Kind: send.Slack, URL: "/services/T0/B0/xyz", Mention: []string{"U1", "all"}}, "ok", message())
	if text := string(r.body); !strings.Contains(text, `\u003c@U1\u003e`) || !strings.Contains(text, `\u003c!channel\u003e`) || !strings.Contains(text, `\u0026lt;unavailable\u0026gt;`) {
		t.Errorf("%s", text)
	}
}

func TestPagerDuty(t *testing.T) {
	t.Parallel()
	r := once(t, send.Channel{Kind: send.PagerDuty, Secret: "routing"}, `{"status":"success"}`, message())
	m := r.json(t)
	p := m["payload"].(map[string]any)
	if m["event_action"] != "trigger" || m["dedup_key"] != "meridian-bundle-7" || m["routing_key"] != "routing" || p["severity"] != "error" || p["component"] != "hz" {
		t.Errorf("%s", r.body)
	}
	over := message()
	over.Open = 0
	m = func() map[string]any {
		r := once(t, send.Channel{Kind: send.PagerDuty, Secret: "routing"}, "{}", over)
		return r.json(t)
	}()
	if m["event_action"] != "resolve" || m["dedup_key"] != "meridian-bundle-7" {
		t.Errorf("%v", m)
	}
	// A test leaves no open incident.
	s, seen := server(t, 202, "{}")
	test := message()
	test.Test, test.Bundle = true, "test-1"
	if _, err := send.New(loopback).Send(t.Context(), &send.Channel{Kind: send.PagerDuty, URL: s.URL, Secret: "routing"}, test); err != nil {
		t.Fatal(err)
	}
	list := seen()
	if len(list) != 2 || list[0].json(t)["event_action"] != "trigger" || list[1].json(t)["event_action"] != "resolve" {
		t.Errorf("%d requests", len(list))
	}
}

func TestAlertmanager(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"/am", "/am/", "/am/api/v2/alerts"} {
		r := once(t, send.Channel{Kind: send.Alertmanager, URL: base, Secret: "tok", Labels: map[string]string{"team": "dns", "alertname": "x"}}, "", message())
		var list []struct {
			Labels           map[string]string
			StartsAt, EndsAt time.Time
		}
		if err := json.Unmarshal(r.body, &list); err != nil || len(list) != 2 {
			t.Fatalf("%v: %s", err, r.body)
		}
		m := message()
		if r.path != "/am/api/v2/alerts" || r.head.Get("Authorization") != "Bearer tok" || list[0].Labels["alertname"] != "pool_unavailable" || list[0].Labels["team"] != "dns" ||
			!list[0].EndsAt.Equal(m.At.Add(m.Lapse)) || list[1].Labels["alertname"] != "address_alert" || !list[1].EndsAt.Equal(m.At) || !list[1].StartsAt.Equal(m.At.Add(-time.Minute)) {
			t.Errorf("%s %v: %s", r.path, r.head, r.body)
		}
	}
	r := once(t, send.Channel{Kind: send.Alertmanager, Username: "u", Secret: "p"}, "", message())
	if u, p, ok := (&http.Request{Header: r.head}).BasicAuth(); !ok || u != "u" || p != "p" {
		t.Errorf("%v", r.head)
	}
}

// TestRefusalsAreTold: what the other side says comes back in one line, and says whether
// another attempt makes sense.
func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   string
		status int
		answer string
		head   []string
		text   string
		final  bool
		after  time.Duration
	}{
		{send.Webhook, 500, "broken\n\x01\nhere", nil, "status 500 Internal Server Error: broken here", false, 0},
		{send.Webhook, 400, "no", nil, "status 400", true, 0},
		{send.Webhook, 302, "", []string{"Location", "http://127.0.0.1:1/"}, "redirects", false, 0},
		{send.Slack, 429, "slow down", []string{"Retry-After", "30"}, "status 429", false, 30 * time.Second},
		{send.DingTalk, 200, `{"errcode":130101,"errmsg":"send too fast"}`, nil, "code 130101: send too fast", false, 2 * time.Minute},
		{send.DingTalk, 200, `{"errcode":310000,"errmsg":"sign not match"}`, nil, "code 310000: sign not match", false, 0},
		{send.WeCom, 200, `<html>hello</html>`, nil, "no answer of such a robot", false, 0},
		{send.Feishu, 200, `{}`, nil, "no answer of such a robot", false, 0},
		{send.PagerDuty, 400, `{"message":"invalid routing key"}`, nil, "invalid routing key", true, 0},
		{send.Alertmanager, 401, `who`, nil, "status 401", false, 0},
		{"fax", 200, ``, nil, `kind "fax"`, true, 0},
	} {
		s, _ := server(t, c.status, c.answer, c.head...)
		_, err := send.New(loopback).Send(t.Context(), &send.Channel{Kind: c.kind, URL: s.URL, Secret: "sssssssss"}, message())
		var f *send.Failure
		if !errors.As(err, &f) || !strings.Contains(f.Text, c.text) || f.Final != c.final || f.After != c.after {
			t.Errorf("%s %d: %+v", c.kind, c.status, err)
		}
	}
}

// TestNoSecretIsTold: neither in answers that echo what was sent nor in errors.
func TestNoSecretIsTold(t *testing.T) {
	t.Parallel()
	const token, key, secret = "T0KENT0KENT0KENT0KEN", "k-e-y-k-e-y", "s-e-c-r-e-t"
	for _, status := range []int{200, 500} {
		echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "you asked http://%s%s with %s", r.Host, r.URL, secret)
		}))
		c := &send.Channel{Kind: send.Webhook, URL: echo.URL + "/" + token + "?key=" + key, Secret: secret}
		answer, err := send.New(loopback).Send(t.Context(), c, message())
		text := fmt.Sprint(answer, err)
		if !strings.Contains(text, "you asked") {
			t.Fatal(text)
		}
		for _, s := range []string{token, key, secret} {
			if strings.Contains(text, s) {
				t.Errorf("%s stands in %q", s, text)
			}
		}
		echo.Close()
		_, err = send.New(loopback).Send(t.Context(), c, message())
		if err == nil || strings.Contains(err.Error(), token) || strings.Contains(err.Error(), key) {
			t.Errorf("of a closed server: %v", err)
		}
	}
	for raw, want := range map[string]string{"https://oapi.dingtalk.com/robot/send?access_token=x": "https://oapi.dingtalk.com/…", "https://u:p@h.example/": "https://h.example/…",
		"https://h.example": "https://h.example", "://": "…", "https://h.example/a": "https://h.example/…"} {
		if got := send.Redact(raw); got != want {
			t.Errorf("%s is shown as %s", raw, got)
		}
	}
}

// TestPrivateAddressesAreRefused, whatever name leads to them, and whichever channel.
func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	s, seen := server(t, 200, "ok")
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "10.1.2.3", "192.168.1.1", "169.254.169.254", "[fd00::1]", "100.64.0.1", "0.0.0.0", "[64:ff9b::7f00:1]"} {
		for _, c := range []send.Channel{{Kind: send.Webhook, URL: "http://" + host + ":" + port + "/"}, {Kind: send.Email, Host: strings.Trim(host, "[]"), Port: 25, TLS: "none", From: "a@example.com", To: []string{"b@example.com"}}} {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			_, err := send.New(nil).Send(ctx, &c, message())
			cancel()
			if err == nil || !strings.Contains(err.Error(), "--alert-allow") {
				t.Errorf("%s %s: %v", c.Kind, host, err)
			}
		}
	}
	if n := len(seen()); n > 0 {
		t.Errorf("%d requests arrived", n)
	}
}

// TestLongMessagesAreCut: between entries, within what each side takes, and told how many
// are left.
func TestLongMessagesAreCut(t *testing.T) {
	t.Parallel()
	m := message()
	for i := range 400 {
		e := m.Entries[0]
		e.Object, e.Title = fmt.Sprint("hz-", i), fmt.Sprintf("地址 hz-%d 不可用", i)
		m.Entries = append(m.Entries, e)
	}
	m.More = 100
	for kind, most := range map[string]int{send.DingTalk: 20_000, send.WeCom: 4096, send.Feishu: 20_000, send.Slack: 3000} {
		r := once(t, send.Channel{Kind: kind, Language: "zh", URL: "/x"}, map[string]string{send.Slack: "ok", send.Feishu: `{"code":0}`}[kind]+map[bool]string{true: `{"errcode":0}`}[kind == send.DingTalk || kind == send.WeCom], m)
		text := ""
		var walk func(v any)
		walk = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				for _, x := range v {
					walk(x)
				}
			case []any:
				for _, x := range v {
					walk(x)
				}
			case string:
				if len(v) > len(text) {
					text = v
				}
			}
		}
		walk(any(r.json(t)))
		if len(text) > most || !utf8.ValidString(text) || !strings.Contains(text, "另有") {
			t.Errorf("%s: %d bytes, ends %q", kind, len(text), text[max(0, len(text)-80):])
		}
	}
}
