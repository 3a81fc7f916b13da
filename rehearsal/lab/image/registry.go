package image

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// NewRegistry returns an OCI registry that holds the images. Their blobs are kept in the directory blobs, which it creates.
func NewRegistry(blobs string, images ...Image) (http.Handler, error) {
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return nil, fmt.Errorf("creating the registry: %w", err)
	}
	server := registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs)), registry.Logger(log.New(io.Discard, "", 0)))
	for _, image := range images {
		if image.Base != nil {
			if err := image.Base.linkInto(blobs); err != nil {
				return nil, fmt.Errorf("image %s: %w", image.Name, err)
			}
		}
		if err := push(server, image); err != nil {
			return nil, fmt.Errorf("image %s: %w", image.Name, err)
		}
	}
	return withoutRanges(server), nil
}

// withoutRanges ignores the header Range, as a server may. containerd resumes a download that a power cut has interrupted by
// "bytes=N-", and the registry refuses a range without an end; if it gets the whole blob, containerd skips the first N bytes.
func withoutRanges(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		handler.ServeHTTP(w, r)
	})
}

func push(server http.Handler, image Image) error {
	reference, err := name.NewTag("registry.invalid/"+image.Name, name.Insecure, name.StrictValidation)
	if err != nil {
		return err
	}
	built, err := image.build()
	if err != nil {
		return err
	}
	return remote.Write(reference, built, remote.WithTransport(inProcess{server}))
}

// inProcess calls a handler without a network.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil {
		request.Body = http.NoBody // handlers may read it
	}
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, request)
	response := recorder.Result()
	response.Request = request
	return response, nil
}
