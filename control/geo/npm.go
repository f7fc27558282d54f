package geo

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// npm fetches packages with the ordinary client, so that the user's own
// settings (mirror, proxy, certificates) hold and nothing here names a host.
type npm struct {
	path string
	log  func(format string, args ...any)
}

// packed is what `npm pack --json` says of a package.
type packed struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Filename  string `json:"filename"`
	Integrity string `json:"integrity"`
}

// viewTimeout bounds the question for the newest version, so that a machine
// without network learns it soon; a download may take long.
const viewTimeout = 20 * time.Second

// fetch brings the packages to their newest versions.
func (n npm) fetch(ctx context.Context, dir string, packages ...string) error {
	name := n.path
	if name == "" {
		name = "npm"
	}
	var err error
	if n.path, err = exec.LookPath(name); err != nil {
		return errNoNPM
	}
	for _, pkg := range packages {
		want, err := n.newest(ctx, pkg)
		if err != nil {
			return err
		}
		if have := packageVersion(npmDir(dir, pkg)); have == want {
			n.log("%s %s is the newest", pkg, have)
			continue
		}
		n.log("fetching %s %s", pkg, want)
		if err := n.install(ctx, dir, pkg, want); err != nil {
			return err
		}
	}
	return nil
}

func (n npm) newest(ctx context.Context, pkg string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, viewTimeout)
	defer cancel()
	out, err := n.run(ctx, ".", "view", "--json", pkg, "version")
	if err != nil {
		return "", fmt.Errorf("ask npm for the version of %s: %w", pkg, err)
	}
	var version string
	if err := json.Unmarshal(out, &version); err != nil || version == "" {
		return "", fmt.Errorf("ask npm for the version of %s: it answered %.100q", pkg, out)
	}
	return version, nil
}

// install downloads a package, checks it and puts it in place of the one before.
func (n npm) install(ctx context.Context, dir, pkg, version string) error {
	tmp, err := os.MkdirTemp(dir, "fetch-*.tmp")
	if err != nil {
		return fmt.Errorf("fetch %s: %w", pkg, err)
	}
	defer os.RemoveAll(tmp)
	// pack downloads the tarball and refuses it when it differs from the hash in
	// the registry's signed metadata; it runs no script of the package.
	out, err := n.run(ctx, tmp, "pack", "--json", "--ignore-scripts", pkg+"@"+version)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", pkg, err)
	}
	var list []packed
	if err := json.Unmarshal(out, &list); err != nil || len(list) != 1 || list[0].Name != pkg || list[0].Version != version {
		return fmt.Errorf("fetch %s: npm answered %.200q", pkg, out)
	}
	// Older clients write scoped names with the slash.
	tgz := filepath.Join(tmp, filepath.Base(strings.ReplaceAll(strings.TrimPrefix(list[0].Filename, "@"), "/", "-")))
	if err := checkIntegrity(tgz, list[0].Integrity); err != nil {
		return fmt.Errorf("fetch %s: %w", pkg, err)
	}
	fresh := filepath.Join(tmp, "package")
	if err := unpack(tgz, fresh); err != nil {
		return fmt.Errorf("unpack %s: %w", pkg, err)
	}
	if packageVersion(fresh) != version {
		return fmt.Errorf("unpack %s: it is not version %s", pkg, version)
	}
	final, old := npmDir(dir, pkg), filepath.Join(tmp, "old")
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return fmt.Errorf("place %s: %w", pkg, err)
	}
	if exists(final) {
		if err := os.Rename(final, old); err != nil {
			return fmt.Errorf("place %s: %w", pkg, err)
		}
	}
	if err := os.Rename(fresh, final); err != nil {
		return errors.Join(fmt.Errorf("place %s: %w", pkg, err), os.Rename(old, final))
	}
	return nil
}

func (n npm) run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, n.path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.WaitDelay = 2 * time.Second // npm's children may hold the pipes after it was killed
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("npm did not answer in time: %w", ctx.Err())
		}
		return nil, fmt.Errorf("npm %s: %w: %s", args[0], err, npmError(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// npmError picks the telling line of npm's long complaint.
func npmError(s string) string {
	var last string
	for l := range strings.Lines(s) {
		l = strings.TrimSpace(l)
		if _, msg, ok := strings.Cut(l, "npm error "); ok && !strings.HasPrefix(msg, "A complete log") {
			if strings.HasPrefix(msg, "network") || strings.HasPrefix(msg, "code") || strings.HasPrefix(msg, "404") {
				return msg
			}
			last = msg
		} else if l != "" && last == "" {
			last = l
		}
	}
	return last
}

// checkIntegrity compares a file with an SRI string. npm did so too; here it
// guards against a file changed between.
func checkIntegrity(path, integrity string) error {
	want, ok := strings.CutPrefix(integrity, "sha512-")
	if !ok {
		return fmt.Errorf("npm gave no sha512 for %s", filepath.Base(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha512.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if base64.StdEncoding.EncodeToString(h.Sum(nil)) != want {
		return fmt.Errorf("%s differs from its published hash", filepath.Base(path))
	}
	return nil
}

// unpackLimit bounds what a package may grow to: the largest has 134 MB.
const unpackLimit = 2 << 30

// unpack writes the plain files of an npm tarball, which are under package/, to
// a new folder. Anything else in it is left out.
func unpack(tgz, to string) error {
	f, err := os.Open(tgz)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	left := int64(unpackLimit)
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, ok := strings.CutPrefix(path.Clean(h.Name), "package/")
		if !ok || h.Typeflag != tar.TypeReg || name == "" || strings.ContainsAny(name, `/\`) || name == ".." {
			continue // our packages are flat; a path could lead out of the folder
		}
		if left -= h.Size; left < 0 {
			return fmt.Errorf("it unpacks to more than %d bytes", int64(unpackLimit))
		}
		out, err := os.OpenFile(filepath.Join(to, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, t)
		if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
			return err
		}
	}
}
