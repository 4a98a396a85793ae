// Package outbound is what receivers share that speak to a provider over the
// network: secrets that are never printed, errors that name the field of the
// configuration, and requests whose failures say whether to try again. The
// receivers call it; it knows no provider.
package outbound

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"
)

// Secret is a password, token or key that lives outside of the configuration,
// in a file or in the environment. In YAML: {file: PATH} or {env: NAME}. The
// zero value is "not given". Printing it shows where it lives, never what it is.
type Secret struct {
	File string
	Env  string
}

// UnmarshalYAML refuses a secret that is written into the configuration.
func (s *Secret) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: a secret does not belong into this file: write {file: PATH} or {env: NAME}", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Value == "file" && value.Kind == yaml.ScalarNode:
			s.File = value.Value
		case key.Value == "env" && value.Kind == yaml.ScalarNode:
			s.Env = value.Value
		default:
			return fmt.Errorf("line %d: unknown field %q of a secret: write {file: PATH} or {env: NAME}", key.Line, key.Value)
		}
	}
	if (s.File == "") == (s.Env == "") {
		return fmt.Errorf("line %d: a secret has exactly one of file and env", n.Line)
	}
	return nil
}

// IsZero reports whether no secret is given.
func (s Secret) IsZero() bool { return s == Secret{} }

// String says where the secret lives.
func (s Secret) String() string {
	switch {
	case s.File != "":
		return "<secret in file " + s.File + ">"
	case s.Env != "":
		return "<secret in $" + s.Env + ">"
	}
	return "<no secret>"
}

// Read returns the secret without white space around it. It is read every time,
// so that it can be changed without a restart.
func (s Secret) Read() (string, error) {
	switch {
	case s.File != "":
		data, err := os.ReadFile(s.File)
		if err != nil {
			return "", fmt.Errorf("read secret: %w", err)
		}
		if data = bytes.TrimSpace(data); len(data) == 0 {
			return "", fmt.Errorf("read secret: file %s is empty", s.File)
		}
		return string(data), nil
	case s.Env != "":
		if v := os.Getenv(s.Env); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("read secret: environment variable %s is not set", s.Env)
	}
	return "", errors.New("read secret: none is given")
}
