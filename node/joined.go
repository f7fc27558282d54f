package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ofJoined names the file in a data folder that says whose node it is. Without it a
// resolver that is started again and not told to join would begin an installation of its
// own in the folder, and answer from that: nothing.
const ofJoined = "joined"

// settle holds a data folder to what it was: a node's that joined, or control's.
func settle(dir, id string, joins bool) error {
	file := filepath.Join(dir, ofJoined)
	if joins {
		// A full disk keeps no node from answering (design D5).
		_ = os.WriteFile(file, []byte(id+"\n"), 0o600)
		return nil
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read data folder: %w", err)
	}
	return fmt.Errorf("data folder %s is that of node %s, which joined a control elsewhere: give --join again, or --data another folder (to make it control's own, delete %s)",
		dir, strings.TrimSpace(string(b)), file)
}
