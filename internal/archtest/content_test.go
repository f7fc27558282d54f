package archtest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestCommittedFiles: what is committed must work on anyone's machine, so it names
// no package registry and no path of the machine that it was written on. A file of
// more than 1 MB is data or a build product and belongs elsewhere.
func TestCommittedFiles(t *testing.T) {
	t.Parallel()
	// Joined here so that this file does not hold what it forbids.
	banned := [][]byte{
		[]byte("proxy." + "golang.org"), []byte("sum." + "golang.org"), []byte("registry." + "npmjs.org"), []byte("deb." + "debian.org"),
		[]byte("/work" + "/main"), []byte("/work" + "/shared"), []byte("/work" + "/."), []byte("/root" + "/"), []byte("/home" + "/"),
	}
	const most = 1 << 20
	for _, f := range tracked(t) {
		info, err := os.Lstat(filepath.Join(root(), f))
		if err != nil || !info.Mode().IsRegular() {
			continue // deleted but still in the index, or a link
		}
		if info.Size() > most {
			t.Errorf("%s has %d bytes; a committed file has at most %d", f, info.Size(), most)
			continue
		}
		b, err := os.ReadFile(filepath.Join(root(), f))
		if err != nil {
			t.Errorf("read %s: %v", f, err)
			continue
		}
		for _, word := range banned {
			if i := bytes.Index(b, word); i >= 0 {
				t.Errorf("%s:%d holds %q, which belongs to one machine or registry", f, 1+bytes.Count(b[:i], []byte("\n")), word)
			}
		}
	}
}
