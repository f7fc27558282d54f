package console

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func build(t *testing.T) *handler {
	t.Helper()
	h, err := load(fstest.MapFS{
		"index.html":            {Data: []byte(`<meta name="csp-nonce" content="__NONCE__">`)},
		"icon.svg":              {Data: []byte("<svg/>")},
		"assets/a-1234.js":      {Data: []byte("raw")},
		"assets/a-1234.js.gz":   {Data: []byte("gz")},
		"assets/a-1234.js.br":   {Data: []byte("br")},
		".vite/manifest.json":   {Data: []byte("{}")},
		"assets/picture-1.json": {Data: []byte("{}")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestFiles(t *testing.T) {
	t.Parallel()
	h := build(t)
	for _, c := range []struct {
		what, path, accept, encoding string
		status                       int
		body, sent, cache            string
	}{
		{"a hashed file is kept for ever", "/assets/a-1234.js", "*/*", "", 200, "raw", "", "immutable"},
		{"brotli is preferred", "/assets/a-1234.js", "*/*", "gzip, deflate, br", 200, "br", "br", "immutable"},
		{"gzip where brotli is not known", "/assets/a-1234.js", "*/*", "gzip", 200, "gz", "gzip", "immutable"},
		{"a coding with q=0 is refused", "/assets/a-1234.js", "*/*", "br;q=0, gzip;q=0.5", 200, "gz", "gzip", "immutable"},
		{"a file without hash is asked for again", "/icon.svg", "image/*", "br", 200, "<svg/>", "", "no-cache"},
		{"a file of another release is gone, not a page", "/assets/b-9999.js", "text/html", "", 404, "", "", ""},
		{"what a program asks for is not a page", "/pools", "application/json", "", 404, "", "", ""},
		{"build notes are not served", "/.vite/manifest.json", "*/*", "", 404, "", "", ""},
		{"every page of the console is the page", "/pools/web", "text/html,*/*", "br", 200, "", "", "no-store"},
		{"so is the first, for whoever asks", "/", "*/*", "", 200, "", "", "no-store"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			w := get(h, c.path, "Accept", c.accept, "Accept-Encoding", c.encoding)
			if w.Code != c.status || w.Header().Get("Content-Encoding") != c.sent || !strings.Contains(w.Header().Get("Cache-Control"), c.cache) {
				t.Errorf("status %d, encoding %q, cache %q", w.Code, w.Header().Get("Content-Encoding"), w.Header().Get("Cache-Control"))
			}
			if c.body != "" && w.Body.String() != c.body {
				t.Errorf("body %q, want %q", w.Body, c.body)
			}
		})
	}
}

func TestEachPageHasItsOwnNonce(t *testing.T) {
	t.Parallel()
	h := build(t)
	seen := map[string]bool{}
	for range 3 {
		w := get(h, "/", "Accept", "text/html")
		policy := w.Header().Get("Content-Security-Policy")
		nonce := regexp.MustCompile(`'nonce-([^']+)'`).FindStringSubmatch(policy)
		if nonce == nil || seen[nonce[1]] || !strings.Contains(w.Body.String(), `content="`+nonce[1]+`"`) {
			t.Fatalf("policy %q, page %q", policy, w.Body)
		}
		seen[nonce[1]] = true
		for _, hole := range []string{"unsafe-inline", "unsafe-eval", "*", "http:"} {
			if strings.Contains(policy, hole) {
				t.Errorf("the policy has a hole: %s in %s", hole, policy)
			}
		}
	}
}

func TestUnchangedFilesAreNotSentAgain(t *testing.T) {
	t.Parallel()
	h := build(t)
	tag := get(h, "/icon.svg").Header().Get("ETag")
	if w := get(h, "/icon.svg", "If-None-Match", tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("status %d with %d bytes", w.Code, w.Body.Len())
	}
}

func TestWritesAreRefused(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	build(t).ServeHTTP(w, httptest.NewRequest("POST", "/pools", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
		t.Errorf("status %d", w.Code)
	}
}

// TestPlaceholder: a binary built without Node says so. Handler panics when what is embedded is broken.
func TestPlaceholder(t *testing.T) {
	t.Parallel()
	if w := get(Handler(), "/", "Accept", "text/html"); w.Code != 200 || !strings.Contains(w.Body.String(), "Meridian") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}
