package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Load reads files and folders. Of a folder it takes the *.yaml and *.yml files
// directly in it, in the order of their names; "-" is standard input. The error is
// *Invalid when the content is at fault, else one of the file system's.
func Load(paths ...string) (*Set, error) {
	if len(paths) == 0 {
		return nil, errors.New("load configuration: name a file or a folder")
	}
	var inputs []input
	total := 0
	for _, p := range paths {
		names, err := expand(p)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, err := readBounded(name)
			if err != nil {
				return nil, err
			}
			if total += len(data); total > maxBytes {
				return nil, fmt.Errorf("load configuration: the files have more than %d MiB together; apply them in parts", maxBytes>>20)
			}
			inputs = append(inputs, input{name, data})
		}
	}
	return parse(inputs, func(from, name string) ([]byte, error) {
		if !filepath.IsAbs(name) && from != "-" {
			name = filepath.Join(filepath.Dir(from), name)
		}
		return readBounded(name)
	})
}

// Parse reads one file's text, called name in findings. Master files that it names
// are refused; Load reads them.
func Parse(name string, data []byte) (*Set, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("parse %s: has more than %d MiB", name, maxBytes>>20)
	}
	return parse([]input{{name, data}}, func(string, string) ([]byte, error) {
		return nil, errors.New("a master file cannot be read from here; give records instead")
	})
}

// expand turns a folder into its files.
func expand(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("load configuration: %w", plainly(err))
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("load configuration: %w", plainly(err))
	}
	var out []string
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if !e.IsDir() && (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(e.Name(), ".") {
			out = append(out, filepath.Join(path, e.Name()))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("load configuration: folder %s holds no *.yaml file", path)
	}
	slices.Sort(out)
	return out, nil
}

func readBounded(name string) ([]byte, error) {
	in := io.Reader(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read configuration: %w", plainly(err))
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", plainly(err))
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("read %s: has more than %d MiB; split it", name, maxBytes>>20)
	}
	return data, nil
}

// plainly drops the system call from a path error: "x.yaml: no such file or directory".
func plainly(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Path, p.Err)
	}
	return err
}
