// Package export writes what a cluster with the Prometheus Operator takes: rules,
// Alertmanager's configuration, what is scraped, and boards, from the same files that
// the engines read. `gameday export` calls it. It reads no disk and knows no
// cluster: content in, documents out, the same bytes for the same content. What a
// document cannot say is an error that names the key; nothing is left out in silence.
package export

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Platform is the value of the label app.kubernetes.io/part-of of everything that
// is written, and of the Services that are scraped.
const Platform = "golden-signals"

const partOf = "app.kubernetes.io/part-of"

// Meta says how documents are named. The zero value gives them no namespace.
type Meta struct {
	Namespace string            // empty: that of whoever applies them
	Labels    map[string]string // of every document, such as those that a Prometheus selects by
}

// Validate returns an error that names what Kubernetes would refuse.
func (m Meta) Validate() error {
	var errs []error
	if m.Namespace != "" {
		for _, problem := range validation.IsDNS1123Label(m.Namespace) {
			errs = append(errs, fmt.Errorf("namespace %q: %s", m.Namespace, problem))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.Labels)) {
		for _, problem := range slices.Concat(validation.IsQualifiedName(key), validation.IsValidLabelValue(m.Labels[key])) {
			errs = append(errs, fmt.Errorf("label %s=%s: %s", key, m.Labels[key], problem))
		}
	}
	return errors.Join(errs...)
}

// Document is one resource, or a list of them, in YAML.
type Document struct {
	File string // base name of the file that it belongs into, such as rules-slo.yaml
	Body []byte // ends with a line break
}

// resource is what all kinds have in common.
type resource struct {
	APIVersion string            `yaml:"apiVersion"`
	Kind       string            `yaml:"kind"`
	Metadata   metadata          `yaml:"metadata"`
	Data       map[string]string `yaml:"data,omitempty"`
	Spec       any               `yaml:"spec,omitempty"`
}

type metadata struct {
	Name        string            `yaml:"name"`
	Namespace   string            `yaml:"namespace,omitempty"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

// metadata names a resource; more are labels of its kind.
func (m Meta) metadata(name string, more map[string]string) metadata {
	labels := map[string]string{partOf: Platform}
	maps.Copy(labels, more)
	maps.Copy(labels, m.Labels)
	return metadata{Name: name, Namespace: m.Namespace, Labels: labels}
}

// resourceName makes a resource's name of a file's: slo.rules.yml is golden-signals-slo.
func resourceName(file, suffix string) (string, error) {
	name := Platform + "-" + stem(file, suffix)
	if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
		return "", fmt.Errorf("%s: a resource cannot be named %s: %s; rename the file", file, name, strings.Join(problems, "; "))
	}
	return name, nil
}

func stem(file, suffix string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	return strings.TrimSuffix(strings.TrimSuffix(base, path.Ext(base)), suffix)
}

// document writes resources into one file.
func document(file string, resources ...resource) (Document, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	for _, r := range resources {
		if err := enc.Encode(r); err != nil {
			return Document{}, fmt.Errorf("write %s: %w", file, err)
		}
	}
	if err := enc.Close(); err != nil {
		return Document{}, fmt.Errorf("write %s: %w", file, err)
	}
	return Document{file, b.Bytes()}, nil
}

// Join is one file of all documents.
func Join(docs []Document) []byte {
	var bodies [][]byte
	for _, d := range docs {
		bodies = append(bodies, d.Body)
	}
	return bytes.Join(bodies, []byte("---\n"))
}

// Kustomization lists the documents as `kubectl apply -k` wants it, so that a file
// of an earlier export that is no longer written is not applied either.
func Kustomization(docs []Document) (Document, error) {
	type list struct {
		APIVersion string   `yaml:"apiVersion"`
		Kind       string   `yaml:"kind"`
		Resources  []string `yaml:"resources"`
	}
	l := list{APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization"}
	for _, d := range docs {
		l.Resources = append(l.Resources, d.File)
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	err := errors.Join(enc.Encode(l), enc.Close())
	return Document{"kustomization.yaml", b.Bytes()}, err
}
