// Package s3server serves a part of S3's protocol on loopback, so that the real AWS CLI can use the simulated account.
package s3server

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
)

// Session uses S3 with the permissions of a caller, e.g. *awssim.Session, or *awssim.Cloud for the account's owner.
type Session interface {
	PutObject(bucket, key string, content []byte) error
	GetObject(bucket, key string) ([]byte, error)
	ListObjects(bucket, prefix string) ([]string, error)
}

// Server has the objects of an account, by the path-style addresses of S3. It does not verify signatures.
type Server struct {
	http *httptest.Server

	mu sync.Mutex
	// sessions are the callers by access key.
	sessions map[string]Session
	// headers are those of each object that are no content, by bucket and key.
	headers map[string]http.Header
}

// New starts a server.
func New() *Server {
	s := &Server{sessions: map[string]Session{}, headers: map[string]http.Header{}}
	s.http = httptest.NewServer(s)
	return s
}

// URL is the address of the server.
func (s *Server) URL() string { return s.http.URL }

// Close stops the server.
func (s *Server) Close() { s.http.Close() }

// Allow makes a session the caller of requests with the access key, and returns the variables of an AWS CLI that makes them.
func (s *Server) Allow(accessKey string, session Session) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[accessKey] = session
	return []string{"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=unchecked", "AWS_REGION=ap-northeast-2", "AWS_DEFAULT_REGION=ap-northeast-2"}
}

var accessKey = regexp.MustCompile(`Credential=([^/]+)/`)

// ServeHTTP answers PutObject, GetObject, HeadObject and ListObjectsV2.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	var session Session
	if found := accessKey.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
		session = s.sessions[found[1]]
	}
	if session == nil {
		Refuse(w, http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
		return
	}
	switch {
	case r.Method == http.MethodPut && key != "":
		s.put(w, r, session, bucket, key)
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && key != "":
		content, err := session.GetObject(bucket, key)
		if err != nil {
			RefuseWith(w, err)
			return
		}
		for name, values := range s.headers[bucket+"/"+key] {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Header().Set("ETag", `"0"`)
		w.Header().Set("Last-Modified", lastModified.Format(http.TimeFormat))
		if r.Method == http.MethodGet {
			_, _ = w.Write(content)
		}
	case r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2":
		List(w, session, bucket, r.URL.Query().Get("prefix"))
	default:
		Refuse(w, http.StatusNotImplemented, "NotImplemented", r.Method+" "+r.URL.String())
	}
}

func (s *Server) put(w http.ResponseWriter, r *http.Request, session Session, bucket, key string) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		Refuse(w, http.StatusBadRequest, "IncompleteBody", err.Error())
		return
	}
	sum := sha256.Sum256(content)
	if given := r.Header.Get("X-Amz-Content-Sha256"); given != hex.EncodeToString(sum[:]) {
		Refuse(w, http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header "+given+" does not match what was computed.")
		return
	}
	if err := session.PutObject(bucket, key, content); err != nil {
		RefuseWith(w, err)
		return
	}
	kept := http.Header{}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Amz-Meta-") || name == "X-Amz-Server-Side-Encryption" {
			kept[strings.ToLower(name)] = values // S3 answers in lower case, and the CLI compares the names of metadata
		}
	}
	s.headers[bucket+"/"+key] = kept
	w.Header().Set("ETag", `"0"`)
}
