package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v3"

	"goldensignals/internal/guard"
)

// webConfig is what the router must know of --web.config.file. The zero value is
// no file.
type webConfig struct {
	Users map[string]string `yaml:"basic_auth_users"`
	TLS   struct {
		CertFile   string `yaml:"cert_file"`
		Cert       string `yaml:"cert"`
		ClientAuth string `yaml:"client_auth_type"`
	} `yaml:"tls_server_config"`
}

// readWebConfig reads and checks the file; an empty path is none. Its errors name
// the flag.
func readWebConfig(path string) (webConfig, error) {
	if path == "" {
		return webConfig{}, nil
	}
	if err := web.Validate(path); err != nil {
		return webConfig{}, fmt.Errorf("--web.config.file=%s: %w", path, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return webConfig{}, fmt.Errorf("--web.config.file: %w", err)
	}
	return parseWebConfig(data)
}

func parseWebConfig(data []byte) (c webConfig, err error) {
	if err = yaml.Unmarshal(data, &c); err != nil {
		return webConfig{}, fmt.Errorf("--web.config.file: %w", err)
	}
	return c, nil
}

func (c webConfig) users() bool { return len(c.Users) > 0 }

func (c webConfig) tls() bool { return c.TLS.CertFile != "" || c.TLS.Cert != "" }

// protects reports whether everybody has to show who they are. The other types of
// client authentication let in who has no certificate, or one of their own making.
func (c webConfig) protects() bool {
	return c.users() || c.tls() && c.TLS.ClientAuth == "RequireAndVerifyClientCert"
}

// guardHost refuses host names that are not ours: a web page elsewhere could give
// its own name our address, and a browser would let it read and change everything
// here (DNS rebinding). A name without a dot is ours: nobody else can have it.
func guardHost(next http.Handler, names ...string) http.Handler {
	return guard.Host(next, func(host string) bool {
		return guard.OurHost(host, names...) || !strings.Contains(host, ".")
	}, "start with --web.external-url")
}
