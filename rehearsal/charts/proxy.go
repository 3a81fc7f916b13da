package charts

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"
)

// readHeaderTimeout bounds how long a client may take to send a request's header.
const readHeaderTimeout = 10 * time.Second

// proxy serves a folder's charts in the place of every host: a CONNECT ends at its own TLS server.
type proxy struct {
	url       string
	authority string
	charts    *folder

	plain, secure   *http.Server
	secureAddress   string
	closeConnection context.CancelFunc
	running         sync.WaitGroup
}

func serve(ctx context.Context, charts *folder, authorityFile string) (*proxy, error) {
	authority, err := newAuthority()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(authorityFile, authority.pem(), 0o600); err != nil {
		return nil, fmt.Errorf("write the certificate of the chart proxy: %w", err)
	}
	listen := func() (net.Listener, error) { return (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0") }
	plain, err := listen()
	if err != nil {
		return nil, fmt.Errorf("listen for the chart proxy: %w", err)
	}
	secure, err := listen()
	if err != nil {
		plain.Close()
		return nil, fmt.Errorf("listen for the chart proxy: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &proxy{
		url: "http://" + plain.Addr().String(), authority: authorityFile, charts: charts,
		secureAddress: secure.Addr().String(), closeConnection: cancel,
	}
	p.plain = &http.Server{Handler: http.HandlerFunc(p.accept), ReadHeaderTimeout: readHeaderTimeout}
	p.secure = &http.Server{
		Handler: http.HandlerFunc(p.answer), ReadHeaderTimeout: readHeaderTimeout,
		TLSConfig: &tls.Config{GetCertificate: authority.certificate, MinVersion: tls.VersionTLS12},
	}
	p.running.Go(func() { _ = p.plain.Serve(plain) })
	p.running.Go(func() { _ = p.secure.ServeTLS(secure, "", "") })
	context.AfterFunc(ctx, func() { p.plain.Close(); p.secure.Close() })
	return p, nil
}

func (p *proxy) close() {
	p.closeConnection()
	p.running.Wait()
}

// accept takes a proxy request: a tunnel for https, a whole URL for http.
func (p *proxy) accept(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		p.answer(w, r)
		return
	}
	server, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", p.secureAddress)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer server.Close()
	w.WriteHeader(http.StatusOK)
	connection, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	done := make(chan struct{}, 2)
	// The tunnel ends with either side.
	go func() { _, _ = io.Copy(server, buffered); done <- struct{}{} }()
	go func() { _, _ = io.Copy(connection, server); done <- struct{}{} }()
	<-done
}

// answer serves the index and the archives below any path.
func (p *proxy) answer(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	if name == "index.yaml" {
		index, err := p.charts.index()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(index)
		return
	}
	for _, a := range p.charts.archives {
		if filepath.Base(a.path) == name {
			http.ServeFile(w, r, a.path)
			return
		}
	}
	http.NotFound(w, r)
}
