package console

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// Types that a system's own table may lack or call by another name.
var types = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2", ".html": "text/html; charset=utf-8", ".md": "text/plain; charset=utf-8"}

// file is one file of the build with its compressed forms.
type file struct {
	raw, gz, br []byte
	kind        string
	etag        string
}

// Built tells whether the binary holds a console.
func Built() bool {
	_, err := fs.Stat(dist, "dist/app/index.html")
	return err == nil
}

// Handler serves the console. It may be called concurrently.
func Handler() http.Handler {
	if !Built() {
		page, err := dist.ReadFile("dist/placeholder.html")
		if err != nil {
			panic("console: no placeholder: " + err.Error()) // embedded, so it cannot be missing
		}
		return &handler{page: page}
	}
	app, err := fs.Sub(dist, "dist/app")
	if err != nil {
		panic("console: " + err.Error())
	}
	h, err := load(app)
	if err != nil {
		panic("console: " + err.Error()) // reads memory only
	}
	return h
}

type handler struct {
	page  []byte // index.html with the word __NONCE__
	files map[string]file
}

func load(app fs.FS) (*handler, error) {
	h := &handler{files: map[string]file{}}
	err := fs.WalkDir(app, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, ".vite/") {
			return err
		}
		b, err := fs.ReadFile(app, name)
		if err != nil {
			return err
		}
		if name == "index.html" {
			h.page = b
			return nil
		}
		base, ext := name, path.Ext(name)
		if ext == ".gz" || ext == ".br" {
			base = strings.TrimSuffix(name, ext)
		}
		f := h.files[base]
		switch ext {
		case ".gz":
			f.gz = b
		case ".br":
			f.br = b
		default:
			f.raw = b
			f.kind = types[ext]
			if f.kind == "" {
				f.kind = mime.TypeByExtension(ext)
			}
			f.etag = `"` + strconv.FormatUint(sum(b), 36) + `"`
		}
		h.files[base] = f
		return nil
	})
	return h, err
}

// sum is FNV-1a: an ETag tells versions of one file apart, nothing more.
func sum(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the console is read with GET; writes go to /api/v1", http.StatusMethodNotAllowed)
		return
	}
	head := w.Header()
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "same-origin")
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if f, ok := h.files[name]; ok {
		h.file(w, r, name, f)
		return
	}
	// A file that is gone must not be answered with a page: the browser would take it for a script.
	if strings.HasPrefix(name, "assets/") || r.URL.Path != "/" && !strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.NotFound(w, r)
		return
	}
	h.serve(w, r)
}

func (h *handler) file(w http.ResponseWriter, r *http.Request, name string, f file) {
	head := w.Header()
	head.Set("Content-Type", f.kind)
	head.Set("Vary", "Accept-Encoding")
	head.Set("ETag", f.etag)
	if strings.HasPrefix(name, "assets/") {
		head.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		head.Set("Cache-Control", "no-cache")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.raw
	accepted := r.Header.Get("Accept-Encoding")
	switch {
	case f.br != nil && accepts(accepted, "br"):
		head.Set("Content-Encoding", "br")
		body = f.br
	case f.gz != nil && accepts(accepted, "gzip"):
		head.Set("Content-Encoding", "gzip")
		body = f.gz
	}
	head.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// accepts tells whether a coding stands in Accept-Encoding and is not refused by q=0 (RFC 9110, 12.5.3).
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		if !ok {
			return true
		}
		v, err := strconv.ParseFloat(q, 64)
		return err == nil && v > 0
	}
	return false
}

// serve writes the one page. Nothing of others is loaded, no script or style runs that
// is not ours; the nonce is for the style tags that the component library makes.
func (h *handler) serve(w http.ResponseWriter, r *http.Request) {
	var b [18]byte
	rand.Read(b[:])
	nonce := base64.StdEncoding.EncodeToString(b[:])
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Security-Policy", policy(nonce))
	head.Set("Cross-Origin-Opener-Policy", "same-origin")
	page := bytes.ReplaceAll(h.page, []byte("__NONCE__"), []byte(nonce))
	head.Set("Content-Length", strconv.Itoa(len(page)))
	if r.Method != http.MethodHead {
		w.Write(page)
	}
}

func policy(nonce string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self' 'nonce-" + nonce + "'",
		"img-src 'self' data: blob:", // charts saved as pictures
		"font-src 'self'",
		"connect-src 'self'",
		"manifest-src 'self'",
		"base-uri 'none'",
		"form-action 'self'",
		"frame-ancestors 'none'",
	}, "; ")
}
