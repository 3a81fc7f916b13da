package awsapi

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/growbin/cluster/internal/testing/awssim/s3server"
)

// S3 returns the API of S3 with the bucket as the first part of the path: PutObject, GetObject and ListObjectsV2.
func (s *Server) S3() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
		if err != nil {
			s3server.Refuse(w, http.StatusBadRequest, "IncompleteBody", err.Error())
			return
		}
		if len(body) > maxRequest {
			s3server.Refuse(w, http.StatusBadRequest, "EntityTooLarge", fmt.Sprintf("the body must be at most %d bytes", maxRequest))
			return
		}
		keys, err := s.authenticate(r, "s3", body)
		switch {
		case errors.Is(err, errExpired):
			s3server.Refuse(w, http.StatusBadRequest, "ExpiredToken", err.Error())
			return
		case err != nil:
			s3server.Refuse(w, http.StatusForbidden, "SignatureDoesNotMatch", err.Error())
			return
		}
		user, err := s.bucketUser(keys)
		if err != nil {
			s3server.Refuse(w, http.StatusForbidden, "InvalidAccessKeyId", err.Error())
			return
		}
		bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch {
		case r.Method == http.MethodPut && key != "":
			putObject(w, r, user, bucket, key, body)
		case r.Method == http.MethodGet && key != "":
			getObject(w, user, bucket, key)
		case r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2":
			s3server.List(w, user, bucket, r.URL.Query().Get("prefix"))
		default:
			s3server.Refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed", r.Method)
		}
	})
}

// bucketUser returns the session of the credentials, or their instance.
func (s *Server) bucketUser(keys credentials) (s3server.Session, error) {
	if keys.session != nil {
		return keys.session, nil
	}
	return s.cloud.Machine(keys.instance)
}

func putObject(w http.ResponseWriter, r *http.Request, user s3server.Session, bucket, key string, body []byte) {
	sum := sha256.Sum256(body)
	if given := r.Header.Get("X-Amz-Checksum-Sha256"); given != "" && given != base64.StdEncoding.EncodeToString(sum[:]) {
		s3server.Refuse(w, http.StatusBadRequest, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
		return
	}
	if err := user.PutObject(bucket, key, body); err != nil {
		s3server.RefuseWith(w, err)
	}
}

func getObject(w http.ResponseWriter, user s3server.Session, bucket, key string) {
	content, err := user.GetObject(bucket, key)
	if err != nil {
		s3server.RefuseWith(w, err)
		return
	}
	_, _ = w.Write(content) // a client that hangs up retries
}
