package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

// window bounds what a reader must hold at once.
const window = 8 << 20

// Writer writes one backup: Table, its rows, the next Table, …, Close.
type Writer struct {
	out  io.WriteCloser
	sum  hash.Hash
	rows int64
}

// NewWriter begins a backup with its header, whose format it sets.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window))
	if err != nil {
		return nil, fmt.Errorf("begin backup: %w", err)
	}
	b := &Writer{out: z, sum: sha256.New()}
	h.Format = format
	return b, b.line(h)
}

func (w *Writer) line(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return w.raw(b)
}

func (w *Writer) raw(b []byte) error {
	b = append(b, '\n')
	w.sum.Write(b)
	if _, err := w.out.Write(b); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

// Table begins a table.
func (w *Writer) Table(t Table) error { return w.line(t) }

// Row adds a row to the table that was begun last.
func (w *Writer) Row(r Row) error {
	b, err := r.encode()
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	w.rows++
	return w.raw(b)
}

// Close ends the backup. Without it what was written is refused as cut.
func (w *Writer) Close() error {
	if err := w.line(trailer{w.rows, hex.EncodeToString(w.sum.Sum(nil))}); err != nil {
		return err
	}
	if err := w.out.Close(); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}
