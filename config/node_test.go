package config

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func load(t *testing.T, text string, environ ...string) (*Node, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "node.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := Load(path, environ)
	if err != nil {
		err = errShort{strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", "")}
	}
	return n, err
}

type errShort struct{ s string }

func (e errShort) Error() string { return e.s }

func TestLoad(t *testing.T) {
	t.Parallel()
	n, err := load(t, "roles: [prober]\njoin: /run/token\nlabels: {country: CN}\nlog: {level: warn}\nprobe_allow: [127.0.0.0/8]\n",
		"MERIDIAN_DATA=/srv/m", "MERIDIAN_LOG__FORMAT=json", "MERIDIAN_LABELS=country=JP, isp=kddi", "MERIDIAN_DNS=127.0.0.1:53,[::1]:53",
		"MERIDIAN_PORT_8080_TCP=tcp://10.0.0.1:8080", "MERIDIAN_TOKEN=x", "DATA=/no")
	if err != nil {
		t.Fatal(err)
	}
	want := &Node{Roles: []string{"prober"}, Join: "/run/token", Data: "/srv/m", DNS: []string{"127.0.0.1:53", "[::1]:53"},
		Labels: map[string]string{"country": "JP", "isp": "kddi"}, ProbeAllow: []string{"127.0.0.0/8"}, Log: Log{Level: "warn", Format: "json"}}
	if !reflect.DeepEqual(n, want) {
		t.Errorf("got %+v, want %+v", n, want)
	}
	if n, err := Load("", nil); err != nil || !reflect.DeepEqual(n, &Node{}) {
		t.Errorf("no file and no environment give %+v, %v", n, err)
	}
	// Words and numbers that YAML has types of its own for.
	if n, err := load(t, "querylog: {tail: off, sample: 100, size: 500MB}\nmetrics: {names: 50}\n"); err != nil || n.QueryLog != (QueryLog{Tail: "off", Sample: "100", Size: "500MB"}) || n.Metrics.Names != "50" {
		t.Errorf("%+v, %v", n, err)
	}
	if n, err := load(t, "# nothing yet\n"); err != nil || !reflect.DeepEqual(n, &Node{}) {
		t.Errorf("an empty file gives %+v, %v", n, err)
	}
}

// TestEveryFieldFromEnvironment finds a field of a type that the overlay cannot set.
func TestEveryFieldFromEnvironment(t *testing.T) {
	t.Parallel()
	var env []string
	for _, f := range fields(reflect.TypeFor[Node](), "") {
		env = append(env, "MERIDIAN_"+strings.ToUpper(strings.ReplaceAll(f, ".", "__"))+"=a=b")
	}
	n, err := Load("", env)
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(n).Elem()
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not set by its variable", v.Type().Field(i).Name)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		says, text, env, want string
	}{
		{"an unknown field has its line", "data: /d\nrole: x\n", "", "node.yaml:2: field role is unknown; known are roles, data,"},
		{"an unknown nested field too", "log:\n  lvl: x\n", "", "node.yaml:2: field lvl is unknown"},
		{"a wrong type has its line", "data: /d\ndns: {a: b}\n", "", "node.yaml:2: cannot unmarshal"},
		{"broken YAML", "data: [\n", "", "node.yaml: line"},
		{"two documents", "data: a\n---\ndata: b\n", "", "more than one document"},
		{"a label without value", "", "MERIDIAN_LABELS=country", `MERIDIAN_LABELS: "country" is not a label`},
	} {
		if n, err := load(t, row.text, row.env); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %+v, %v; want %q", row.says, n, err, row.want)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml"), nil); err == nil || !strings.Contains(err.Error(), "read node file") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestPrefixes(t *testing.T) {
	t.Parallel()
	got, err := Prefixes([]string{"127.0.0.1/8", "::1"})
	if err != nil || len(got) != 2 || got[0].String() != "127.0.0.0/8" || got[1].String() != "::1/128" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := Prefixes([]string{"x"}); err == nil || !strings.Contains(err.Error(), "write it like") {
		t.Errorf("a word is no network: %v", err)
	}
}

func TestLogger(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	l, err := Log{Level: "warn", Format: "json"}.Logger(&b, new(slog.LevelVar))
	if err != nil {
		t.Fatal(err)
	}
	l.Info("quiet")
	l.Warn("loud")
	if got := b.String(); !strings.Contains(got, `"msg":"loud"`) || strings.Contains(got, "quiet") {
		t.Errorf("wrote %s", got)
	}
	for _, bad := range []Log{{Level: "loud"}, {Format: "xml"}} {
		if _, err := bad.Logger(&b, new(slog.LevelVar)); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

// FuzzParse: what is read can be written and is read as the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte("roles: [control]\nlabels: {a: b}\nlog: {level: info}\n"))
	f.Add([]byte("data: &x a\nstore: *x\n"))
	f.Add([]byte("dns: \n- a\n- 'b'\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		n := &Node{}
		if n.parse("fuzz", text) != nil {
			return
		}
		again := &Node{}
		if err := again.parse("again", n.text(t)); err != nil {
			t.Fatalf("%v in %s", err, n.text(t))
		}
		if !bytes.Equal(n.text(t), again.text(t)) {
			t.Fatalf("%+v came back as %+v", n, again)
		}
	})
}
