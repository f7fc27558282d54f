package codec

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// encoder is shared: EncodeAll may be called from several goroutines, and one
// encoder keeps its tables. Concurrency 1 starts no goroutine.
var encoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(window), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(fmt.Sprintf("make zstd encoder: %v", err)) // constant options
	}
	return e
})

func compress(raw []byte) []byte { return encoder().EncodeAll(raw, nil) }

// window is the largest back-reference our encoder makes; a decoder must allow it even
// for a few bytes.
const window = 8 << 20

// decompress reads exactly size bytes. A payload that would give more is refused
// after at most that much memory and one window, whatever its own header claims.
func decompress(payload []byte, size uint64) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(max(size, window)), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return nil, fmt.Errorf("make zstd decoder: %w", err)
	}
	defer d.Close()
	raw, err := d.DecodeAll(payload, nil)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if uint64(len(raw)) != size {
		return nil, fmt.Errorf("decompress: %d bytes where %d were signed", len(raw), size)
	}
	return raw, nil
}
