// Package durable replaces files so that a crash leaves the old or the new one.
package durable

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace makes the new content appear whole or not at all, also after a power
// failure: it is synced before the rename, and the folder after it. The file is for
// its owner only. On failure the old content stands.
func Replace(path string, data []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(tmp) // it may be what fills the disk
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
