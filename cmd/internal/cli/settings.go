package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"go.yaml.in/yaml/v3"
)

const defaultServer = "http://127.0.0.1:8080"

// userConfig is the user's own file, meridian/config.yaml in the configuration folder.
type userConfig struct {
	Server    string `yaml:"server"`
	Token     string `yaml:"token"`
	TokenFile string `yaml:"token_file"`
	CA        string `yaml:"ca"` // PEM file of the authorities that may sign the server's certificate
}

// client returns the API client that flags, environment and the user's file name,
// in this order.
func (a *app) client() (*client.Client, error) {
	conf, err := readUserConfig()
	if err != nil {
		return nil, err
	}
	server := first(a.server, os.Getenv("MERIDIAN_SERVER"), conf.Server, defaultServer)
	token, err := a.token(conf)
	if err != nil {
		return nil, err
	}
	c, err := client.New(server, token, a.version)
	if err != nil {
		return nil, &usageError{err}
	}
	if ca := first(a.ca, os.Getenv("MERIDIAN_CA"), conf.CA); ca != "" {
		if err := c.Trust(ca); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (a *app) token(conf userConfig) (string, error) {
	file := a.tokenFile
	if file == "" {
		if t := first(os.Getenv("MERIDIAN_TOKEN"), conf.Token); t != "" {
			return strings.TrimSpace(t), nil
		}
		if file = conf.TokenFile; file == "" {
			return "", nil
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

func readUserConfig() (userConfig, error) {
	var conf userConfig
	dir, err := os.UserConfigDir()
	if err != nil {
		return conf, nil // no home folder, as in a bare container: there is no file then
	}
	name := filepath.Join(dir, "meridian", "config.yaml")
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return conf, nil
	}
	if err != nil {
		return conf, fmt.Errorf("read configuration of the command line: %w", err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&conf); err != nil && !errors.Is(err, io.EOF) {
		return conf, fmt.Errorf("read %s: %v; it knows server, token, token_file and ca", name, err)
	}
	return conf, nil
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
