// Package charts decides where a rehearsal's Helm charts come from: a folder of archives, the internet, or nowhere.
package charts

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// probeTimeout bounds the one request that finds out whether a chart repository can be reached.
const probeTimeout = 5 * time.Second

// Source of charts.
type Source struct {
	folder *folder
	proxy  *proxy

	mu sync.Mutex
	// unreachable holds, for each repository that was probed, why it cannot be reached; empty if it can.
	unreachable map[string]string
}

// Open returns a source. If path is not empty, every chart comes from the archives in that folder, through a proxy on
// loopback that serves them in the place of any repository; its certificate is written to authority.
func Open(ctx context.Context, path, authority string) (*Source, error) {
	s := &Source{unreachable: map[string]string{}}
	if path == "" {
		return s, nil
	}
	var err error
	if s.folder, err = readFolder(path); err != nil {
		return nil, err
	}
	s.proxy, err = serve(ctx, s.folder, authority)
	return s, err
}

// Close ends the proxy.
func (s *Source) Close() {
	if s.proxy != nil {
		s.proxy.close()
	}
}

// Environment are the variables by which a program is led to the folder's charts; none without a folder.
func (s *Source) Environment() []string {
	if s.proxy == nil {
		return nil
	}
	return []string{"HTTPS_PROXY=" + s.proxy.url, "HTTP_PROXY=" + s.proxy.url, "NO_PROXY=", "SSL_CERT_FILE=" + s.proxy.authority, "SSL_CERT_DIR="}
}

// Folder is the folder that charts come from, and how many it has; empty without one.
func (s *Source) Folder() (path string, count int) {
	if s.folder == nil {
		return "", 0
	}
	return s.folder.path, len(s.folder.archives)
}

// Missing returns why a chart cannot be had; empty if it can. The answer for a repository stays the same for the life of
// the source: a rehearsal that installed a release must be able to read it back.
// Without a repository the chart is an archive of the program's own.
func (s *Source) Missing(ctx context.Context, repository, chart, version string) string {
	if repository == "" {
		return ""
	}
	if s.folder != nil {
		if s.folder.find(chart, version) == nil {
			return fmt.Sprintf("%s has no archive of it", s.folder.path)
		}
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	reason, probed := s.unreachable[repository]
	if !probed {
		reason = probe(ctx, repository)
		s.unreachable[repository] = reason
	}
	return reason
}

func probe(ctx context.Context, repository string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, strings.TrimSuffix(repository, "/")+"/index.yaml", nil)
	if err != nil {
		return fmt.Sprintf("its repository %q: %v", repository, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "its repository cannot be reached from here, and CHARTS names no folder of archives"
	}
	response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Sprintf("its repository answers %s, and CHARTS names no folder of archives", response.Status)
	}
	return ""
}
