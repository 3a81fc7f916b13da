package image

import (
	"fmt"
	"net/http"
	"os"
	"strings"
)

// Registry serves images for pulling (OCI Distribution Specification 1.1, "Pull"); nothing can be pushed to it.
type Registry struct {
	blobs store
	// manifests are by name and tag, "pause:3.10.2".
	manifests map[string]descriptor
}

// NewRegistry makes the images in a folder, which must be the registry's own.
func NewRegistry(folder string, images ...Image) (*Registry, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	r := &Registry{blobs: store(folder), manifests: map[string]descriptor{}}
	for _, image := range images {
		found, err := r.blobs.add(image)
		if err != nil {
			return nil, err
		}
		r.manifests[image.Name] = found
	}
	return r, nil
}

// ServeHTTP answers /v2/, /v2/NAME/manifests/REFERENCE and /v2/NAME/blobs/DIGEST.
func (r *Registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		http.Error(w, "this registry is read only", http.StatusMethodNotAllowed)
		return
	}
	rest, ok := strings.CutPrefix(request.URL.Path, "/v2/")
	if !ok {
		http.NotFound(w, request)
		return
	}
	if rest == "" {
		return
	}
	if name, reference, ok := cutLast(rest, "/manifests/"); ok {
		r.serveManifest(w, request, name, reference)
		return
	}
	if _, digest, ok := cutLast(rest, "/blobs/"); ok {
		r.serveBlob(w, request, digest, "application/octet-stream")
		return
	}
	http.NotFound(w, request)
}

func (r *Registry) serveManifest(w http.ResponseWriter, request *http.Request, name, reference string) {
	found, ok := r.manifests[name+":"+reference]
	if !ok && strings.HasPrefix(reference, "sha256:") {
		found, ok = descriptor{Digest: reference}, true
	}
	if !ok {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"errors":[{"code":"MANIFEST_UNKNOWN","message":%q}]}`, name+":"+reference+" is not here")
		return
	}
	r.serveBlob(w, request, found.Digest, manifestType)
}

func (r *Registry) serveBlob(w http.ResponseWriter, request *http.Request, digest, mediaType string) {
	if strings.ContainsAny(digest, "/.") {
		http.NotFound(w, request)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Docker-Content-Digest", digest)
	http.ServeFile(w, request, r.blobs.path(digest))
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return "", "", false
	}
	return text[:i], text[i+len(separator):], true
}
