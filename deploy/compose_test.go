package deploy_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/router/policy"
)

// Services that differ from the rule, and why.
var (
	once     = []string{"prepare", "gitea-setup"} // end when they are done: no health, no restart
	writable = map[string]string{}                // nobody needs a root file system to write to
	asRoot   = map[string]string{"cadvisor": "it reads the control groups of all containers"}
	capable  = map[string][]string{"cadvisor": {"SYSLOG", "DAC_READ_SEARCH"}} // kills in the kernel's log; files of other users
	// dockerSocket is as good as root, wherever it is mounted.
	dockerSocket = map[string]string{"cadvisor": "it learns the names of containers there"}
)

// memory that all services without a profile may have together.
const budget = 1536 << 20

// defaults are the services that come up without a profile.
var defaults = []string{"alertmanager", "alertrouter", "auth", "gameday", "grafana", "load", "orders", "payments", "prepare", "prober", "prometheus", "shop"}

func environment(t *testing.T) map[string]string {
	t.Helper()
	env, err := dotenv.Read("../.env")
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// load reads compose.yaml as docker compose does, with the given profiles.
func load(t *testing.T, profiles ...string) *types.Project {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	env := environment(t)
	details := types.ConfigDetails{
		WorkingDir:  root,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(root, "compose.yaml")}},
		Environment: env,
	}
	project, err := loader.LoadWithContext(t.Context(), details, func(o *loader.Options) {
		o.SetProjectName(env["COMPOSE_PROJECT_NAME"], true)
		o.Profiles = profiles
	})
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestServices(t *testing.T) {
	t.Parallel()
	for name, s := range load(t, "*").Services {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkLimits(t, name, s)
			checkRights(t, name, s)
			checkLife(t, name, s)
			checkPorts(t, s)
		})
	}
}

func checkLimits(t *testing.T, _ string, s types.ServiceConfig) {
	t.Helper()
	if s.MemLimit <= 0 || s.CPUS <= 0 || s.PidsLimit <= 0 {
		t.Errorf("limits: memory %d, processors %v, processes %d; want all of them", s.MemLimit, s.CPUS, s.PidsLimit)
	}
	if s.Logging == nil || s.Logging.Driver != "json-file" || s.Logging.Options["max-size"] == "" || s.Logging.Options["max-file"] == "" {
		t.Errorf("logging: %v; want json-file with a size and a number", s.Logging)
	}
}

func checkRights(t *testing.T, name string, s types.ServiceConfig) {
	t.Helper()
	if s.Privileged {
		t.Error("it is privileged")
	}
	if !s.ReadOnly && writable[name] == "" {
		t.Error("its root file system can be written to")
	}
	if uid, _, _ := strings.Cut(s.User, ":"); (uid == "" || uid == "0" || uid == "root") && asRoot[name] == "" {
		t.Errorf("user %q: want one by number that is not root", s.User)
	}
	if !slices.Equal(s.CapDrop, []string{"ALL"}) {
		t.Errorf("cap_drop: %v, want ALL", s.CapDrop)
	}
	if diff := cmp.Diff(capable[name], s.CapAdd); diff != "" {
		t.Errorf("cap_add (-want +got):\n%s", diff)
	}
	if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("security_opt: %v, want no-new-privileges", s.SecurityOpt)
	}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeBind && !v.ReadOnly {
			t.Errorf("%s of the machine can be written to", v.Source)
		}
		if slices.Contains([]string{"/", "/run", "/var", "/var/run", "/var/run/docker.sock"}, v.Source) && v.Target != "/host" && dockerSocket[name] == "" {
			t.Errorf("%s has the socket of Docker in it", v.Source)
		}
	}
}

func checkLife(t *testing.T, name string, s types.ServiceConfig) {
	t.Helper()
	if slices.Contains(once, name) {
		if s.Restart != types.RestartPolicyNo {
			t.Errorf("restart: %q, want %q", s.Restart, types.RestartPolicyNo)
		}
		return
	}
	if s.HealthCheck == nil || s.HealthCheck.Disable || len(s.HealthCheck.Test) < 2 || s.HealthCheck.Interval == nil || s.HealthCheck.Timeout == nil {
		t.Errorf("healthcheck: %+v; want a command, an interval and a timeout", s.HealthCheck)
	}
	if s.Restart != types.RestartPolicyUnlessStopped {
		t.Errorf("restart: %q, want %q", s.Restart, types.RestartPolicyUnlessStopped)
	}
}

func checkPorts(t *testing.T, s types.ServiceConfig) {
	t.Helper()
	for _, p := range s.Ports {
		if p.HostIP != "127.0.0.1" {
			t.Errorf("port %s is open at %q", p.Published, p.HostIP)
		}
	}
}

func TestDefaultServices(t *testing.T) {
	t.Parallel()
	services := load(t).Services
	if diff := cmp.Diff(defaults, slices.Sorted(maps.Keys(services))); diff != "" {
		t.Errorf("services without a profile (-want +got):\n%s", diff)
	}
	var sum types.UnitBytes
	for _, s := range services {
		sum += s.MemLimit
	}
	if sum > budget {
		t.Errorf("together they may have %d MiB, more than %d", sum>>20, budget>>20)
	}
}

// TestProfiles: each one alone is complete, and adds something.
func TestProfiles(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string][]string{
		"host": {"cadvisor", "host"}, "traces": {"jaeger"}, "tickets": {"gitea", "gitea-setup"}, "sms": {"kannel"},
	} {
		added := slices.DeleteFunc(slices.Sorted(maps.Keys(load(t, profile).Services)), func(name string) bool { return slices.Contains(defaults, name) })
		if diff := cmp.Diff(want, added); diff != "" {
			t.Errorf("profile %s adds (-want +got):\n%s", profile, diff)
		}
	}
}

// TestShopIsKilledByTheKernel: there is no swap that a leak could go to.
func TestShopIsKilledByTheKernel(t *testing.T) {
	t.Parallel()
	services := load(t).Services
	for _, name := range []string{"shop", "auth", "orders", "payments"} {
		if s := services[name]; s.MemLimit != 64<<20 || s.MemSwapLimit != s.MemLimit {
			t.Errorf("%s: memory %d, with swap %d; want 64 MiB both", name, s.MemLimit, s.MemSwapLimit)
		}
	}
}

// version is a tag that means one version, or the one name without versions.
var version = regexp.MustCompile(`:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$|^gcr\.io/distroless/static-debian12:nonroot$`)

// TestVersionsAreInOnePlace: images are named in .env, by exact version, and there only.
func TestVersionsAreInOnePlace(t *testing.T) {
	t.Parallel()
	for name, value := range environment(t) {
		if strings.HasSuffix(name, "_IMAGE") && !version.MatchString(value) {
			t.Errorf(".env: %s=%s has no exact version", name, value)
		}
	}
	for _, file := range []string{"../compose.yaml", "../Dockerfile"} {
		text := read(t, file)
		for _, m := range regexp.MustCompile(`(?m)^\s*(?:image: |FROM )(\S+)`).FindAllStringSubmatch(text, -1) {
			if !strings.Contains(m[1], "${") && !slices.Contains([]string{"build", "base"}, m[1]) {
				t.Errorf("%s: %s names a version; it belongs into .env", file, m[1])
			}
		}
	}
}

// TestEnginesAreThoseOfTheModule: up, replay and compose run the same versions.
func TestEnginesAreThoseOfTheModule(t *testing.T) {
	t.Parallel()
	env, mod := environment(t), read(t, "../go.mod")
	for module, image := range map[string]string{
		"github.com/prometheus/prometheus v0.3": "PROMETHEUS_IMAGE", "github.com/prometheus/alertmanager v": "ALERTMANAGER_IMAGE",
	} {
		_, rest, ok := strings.Cut(mod, module)
		if !ok {
			t.Fatalf("go.mod lacks %s", module)
		}
		number := strings.Fields(rest)[0]
		if strings.HasSuffix(module, "v0.3") { // 0.315.0 is 3.15.0
			number = "3." + number
		}
		if want := ":v" + number; !strings.HasSuffix(env[image], want) {
			t.Errorf(".env: %s=%s, want %s as in go.mod", image, env[image], want)
		}
	}
}

// TestNoSecrets: what is secret is drawn by the machine that it runs on.
func TestNoSecrets(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`(?i)(passw|secret|token|credential|api_?key)[a-z_]*["']?\s*(=|: )\s*["']?[^\s"'$/{@]`)
	allowed := regexp.MustCompile(`(?i)GF_SECURITY_DISABLE_|--access-token-|--must-change-password=false|token=/tracker/token|automountServiceAccountToken: false|secretName: `)
	files := []string{"../compose.yaml", "../.env", "../Dockerfile"}
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for i, line := range strings.Split(read(t, file), "\n") {
			code, _, _ := strings.Cut(line, "#")
			if secret.MatchString(code) && !allowed.MatchString(code) {
				t.Errorf("%s:%d looks like a secret: %s", file, i+1, line)
			}
		}
	}
}

// TestRouterConfigurations: each is one that alertrouter takes, once its secrets are there.
func TestRouterConfigurations(t *testing.T) {
	t.Parallel()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("of this test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	there := strings.NewReplacer("/secrets/token", token, "/tracker/token", token)
	for _, name := range []string{"compose.yml", "kannel.yml", "gitea.yml"} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(there.Replace(read(t, "alertrouter/"+name))), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := policy.Load(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
