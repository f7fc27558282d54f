package cluster

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/internal/oidctest"
)

// write puts a text into a file of the installation.
func (c *cluster) write(name, text string) string {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// browser is somebody at the pages of control: it keeps cookies, and what it is told is
// held against the vault.
type browser struct {
	c    *cluster
	http *http.Client
}

func (c *cluster) browser() *browser {
	c.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return &browser{c, &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
}

// ask sends a request and returns status and body. told says that the answer holds a
// secret on purpose.
func (b *browser) ask(told bool, method, target, body string, headers ...string) (int, string) {
	b.c.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = b.c.control.api() + "/api/v1" + target
	}
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		b.c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := b.http.Do(r)
	if err != nil {
		b.c.t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		b.c.t.Fatal(err)
	}
	if !told {
		b.c.clean(method+" "+target, string(out))
	}
	for _, k := range b.http.Jar.Cookies(r.URL) {
		plant("what a cookie holds", k.Value)
	}
	return resp.StatusCode, string(out)
}

// TestSecretsStaySecret plants every kind of secret in one installation with all that
// speaks: PostgreSQL, an identity provider, users, tokens, nodes, probes with a secret
// header. It uses them rightly and wrongly, and holds all that is said against them.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	const (
		dbPassword, clientSecret, header = "planted-postgres-password", "planted-client-secret", "planted-header-value"
		annPassword, annNext, wrong      = "planted horse of hers", "planted mule of hers", "planted wrong guess"
	)
	for secret, what := range map[string]string{dbPassword: "the PostgreSQL password", clientSecret: "the client secret of OIDC", header: "the value of a probe's header",
		annPassword: "a password", annNext: "a password that was changed to", wrong: "a wrong password"} {
		plant(what, secret)
	}
	dsn, err := url.Parse(storetest.NewServer(t).DSN("meridian"))
	if err != nil {
		t.Fatal(err)
	}
	dsn.User = url.UserPassword(dsn.User.Username(), dbPassword)
	idp := oidctest.Start(t, c.ip(120)+":0", "meridian", clientSecret)
	ip := c.ip(c.next)
	config := c.write("node.yaml", fmt.Sprintf("store: %q\nlog: {level: debug}\noidc:\n  issuer: %s\n  client_id: meridian\n  client_secret_file: %s\n  redirect_url: http://%s:%d/api/v1/session/oidc/callback\n  grants: {admins: admin}\n",
		dsn, idp.Issuer, c.write("oidc.secret", clientSecret+"\n"), ip, apiPort))
	c.startControl("control", "--config", config)
	c.join("resolver", "r1", "--log-level", "debug")
	c.join("prober", "p1", "--log-level", "debug")
	e := newEndpoint(t, c.ip(100))
	e.wants("X-Secret", header)
	c.apply(fmt.Sprintf(`
templates: [{name: web, protocol: http, interval: 1s, timeout: 500ms, evaluation_count: 1, http: {host: www.example.com, path: /healthz, headers: {X-Secret: {value_from: {file: %q}}}}}]
addresses: [{name: a1, address: %s, tasks: [{template: web, port: %d}]}, {name: a2, address: %s, tasks: [{template: web, port: %d}]}]
pools: [{name: p, type: IPv4, members: [{address: a1}, {address: a2}]}]
zones: [{name: example.com, records: []}]
access_domains: [{name: www.example.com, type: A, ttl: 30, pools: [{pool: p}]}]
`, c.write("header.secret", header), c.ip(100), webPort, c.ip(101), webPort))
	c.verdict("the header is sent", "a1", state("up"))
	c.verdict("nobody is there", "a2", state("down"))

	// People: made, signed in, guessed at, changed.
	admin := []string{"Authorization", "Bearer " + c.adminToken()}
	ann, eve, olga := c.browser(), c.browser(), c.browser()
	want := func(status int, b *browser, told bool, method, path, body string, headers ...string) string {
		t.Helper()
		got, text := b.ask(told, method, path, body, headers...)
		if got != status {
			t.Errorf("%s %s: %d, want %d: %s", method, path, got, status, text)
		}
		return text
	}
	sign := func(name, password string) string { return fmt.Sprintf(`{"name":%q,"password":%q}`, name, password) }
	want(201, eve, false, "POST", "/users", fmt.Sprintf(`{"name":"ann","password":%q,"role":"operator"}`, annPassword), admin...)
	want(422, eve, false, "POST", "/users", fmt.Sprintf(`{"name":"bob","password":%q,"rolle":"operator"}`, annPassword), admin...)
	want(422, eve, false, "POST", "/users", fmt.Sprintf(`{"name":%q,"password":["x"],"role":"operator"}`, annPassword), admin...)
	want(400, eve, false, "POST", "/session", fmt.Sprintf(`{"name":"ann","password":%q`, annPassword))
	want(401, eve, false, "POST", "/session", sign("ann", wrong))
	want(401, eve, false, "POST", "/session", sign(annPassword, "ann")) // in the wrong fields
	want(201, ann, false, "POST", "/session", sign("ann", annPassword))
	want(403, ann, false, "PUT", "/session/password", fmt.Sprintf(`{"current":%q,"password":%q}`, wrong, annNext))
	want(200, ann, false, "PUT", "/session/password", fmt.Sprintf(`{"current":%q,"password":%q}`, annPassword, annNext))
	plant("a personal token", token(t, want(201, ann, true, "POST", "/tokens", `{"name":"laptop","personal":true}`)))
	plant("an API token", token(t, want(201, eve, true, "POST", "/tokens", `{"name":"ci","role":"viewer"}`, admin...)))
	plantJoin(token(t, want(201, eve, true, "POST", "/nodes", `{"role":"resolver","node":"later"}`, admin...)))
	idp.As(oidctest.Person{Subject: "1", Name: "olga", Groups: []string{"admins"}})
	eventually(t, "the identity provider is found", func() error {
		if _, text := olga.ask(false, "GET", "/session/methods", ""); !strings.Contains(text, "ready") {
			return fmt.Errorf("%s", text)
		}
		return nil
	})
	olga.ask(false, "GET", "/session/oidc", "") // by way of the provider, and back to the welcome page
	want(200, olga, false, "GET", "/users", "")
	// Profiles are for admins, by session or token, on the other port as well.
	profiles := c.control.health() + "/debug/pprof/"
	want(200, olga, false, "GET", profiles, "")
	want(200, eve, false, "GET", profiles, "", admin...)
	want(401, ann, false, "GET", profiles, "")
	want(401, c.browser(), false, "GET", profiles, "")
	idp.As(oidctest.Person{Subject: "1", Name: "olga", Groups: []string{"admins"}, Wrong: "nonce"})
	olga.ask(false, "GET", "/session/oidc", "")
	idp.Stop()
	want(401, c.browser(), false, "GET", "/session/oidc/callback?code="+clientSecret+"&state=x", "")

	// Secrets where none belong: paths, query, bodies.
	for _, secret := range []string{c.adminToken(), token(t, want(201, eve, true, "POST", "/tokens", `{"name":"pasted","role":"viewer"}`, admin...))} {
		plant("a token that was pasted", secret)
		want(404, eve, false, "DELETE", "/tokens/"+secret, "", admin...)
		want(401, eve, false, "GET", "/pools?token="+secret, "")
		want(422, eve, false, "GET", "/pools?token="+secret, "", admin...)
		want(401, eve, false, "GET", "/pools", "", "Authorization", "Basic "+secret)
	}
	outOf := func(args ...string) {
		t.Helper()
		cmd := exec.Command(program, append([]string{"serve", "--data", "nowhere", "--dns", c.ip(121) + ":0", "--api", c.ip(121) + ":0"}, args...)...)
		cmd.Dir, cmd.Env = c.dir, cleanEnv(c.dir)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("serve %v runs", args)
		}
		c.clean("a start that fails", string(out))
	}
	outOf("--store", "postgres://meridian:"+dbPassword+"@"+c.ip(122)+":1/meridian?connect_timeout=2")
	outOf("--store", "postgres://meridian:"+dbPassword+"@%zz/meridian")
	outOf("--store", "mysql://meridian:"+dbPassword+"@localhost/meridian")

	// All that can be read, by people and by programs.
	for _, path := range []string{"/settings", "/templates", "/addresses", "/pools", "/access-domains", "/nodes", "/vantages", "/health", "/status", "/events?limit=1000", "/audit?limit=1000", "/revisions", "/revisions/1",
		"/tokens", "/users", "/users/ann/sessions", "/sessions", "/session", "/overrides"} {
		want(200, eve, false, "GET", path, "", admin...)
	}
	want(200, eve, false, "GET", c.control.api()+"/api/openapi.json", "")
	for _, n := range append([]*process{c.control}, c.nodes...) {
		want(200, eve, false, "GET", n.health()+"/metrics", "")
		want(200, eve, false, "GET", n.health()+"/readyz", "")
	}
	for _, args := range [][]string{{"export"}, {"status"}, {"events"}, {"audit", "-o", "json"}, {"get", "nodes", "-o", "yaml"}, {"describe", "template", "web"}, {"describe", "address", "a1"},
		{"explain", "www.example.com", "A"}, {"revisions", "-o", "json"}, {"user", "list", "-o", "json"}, {"vantages", "-o", "json"}} {
		c.cli("", args...)
	}

	// The whole state, as a backup has it: it holds keys of its own and hashes, and none of
	// what people and programs show.
	_, packed := eve.ask(true, "GET", "/backup", "", admin...)
	z, err := zstd.NewReader(bytes.NewReader([]byte(packed)))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	state, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	for secret, what := range planted() {
		if bytes.Contains(state, []byte(secret)) {
			t.Errorf("the backup holds %s", what)
		}
	}
	if text := want(200, eve, false, "GET", "/audit?limit=1000", "", admin...); !strings.Contains(text, `"object":"token ci"`) || !strings.Contains(text, `"route":"/backup"`) {
		t.Errorf("the audit lacks secrets that were told: %s", text)
	}
}

// token is the secret that an answer tells on purpose.
func token(t *testing.T, answer string) string {
	t.Helper()
	_, rest, ok := strings.Cut(answer, `"token":"`)
	text, _, end := strings.Cut(rest, `"`)
	if !ok || !end {
		t.Fatalf("no token in %s", answer)
	}
	return text
}

func planted() map[string]string {
	vault.mu.Lock()
	defer vault.mu.Unlock()
	out := make(map[string]string, len(vault.planted))
	for k, v := range vault.planted {
		out[k] = v
	}
	return out
}

// TestTheSearchFinds: a search that finds nothing must be able to find something.
func TestTheSearchFinds(t *testing.T) {
	t.Parallel()
	plant("a secret for a test of the search", "the-secret-of-TestTheSearchFinds")
	for _, text := range []string{"level=INFO msg=x value=the-secret-of-TestTheSearchFinds", "Bearer mrd_" + strings.Repeat("a", 43), "cookie mrs_" + strings.Repeat("_", 43),
		"$argon2id$v=19$m=1", "seed SU" + strings.Repeat("A", 56), "-----BEGIN EC PRIVATE KEY-----"} {
		if len(leaks(text)) != 1 {
			t.Errorf("%q passes", text)
		}
	}
	if found := leaks("level=INFO msg=request path=/api/v1/tokens/mrd_… who=admin"); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}
