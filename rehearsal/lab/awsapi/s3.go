package awsapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// S3 returns the API of S3 with the bucket as the first part of the path: PutObject, GetObject and ListObjectsV2.
func (s *Server) S3() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
		if err != nil {
			refuseObject(w, http.StatusBadRequest, "IncompleteBody", err.Error())
			return
		}
		if len(body) > maxRequest {
			refuseObject(w, http.StatusBadRequest, "EntityTooLarge", fmt.Sprintf("the body must be at most %d bytes", maxRequest))
			return
		}
		keys, err := s.authenticate(r, "s3", body)
		switch {
		case errors.Is(err, errExpired):
			refuseObject(w, http.StatusBadRequest, "ExpiredToken", err.Error())
			return
		case err != nil:
			refuseObject(w, http.StatusForbidden, "SignatureDoesNotMatch", err.Error())
			return
		}
		user, err := s.bucketUser(keys)
		if err != nil {
			refuseObject(w, http.StatusForbidden, "InvalidAccessKeyId", err.Error())
			return
		}
		bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch {
		case r.Method == http.MethodPut && key != "":
			putObject(w, r, user, bucket, key, body)
		case r.Method == http.MethodGet && key != "":
			getObject(w, user, bucket, key)
		case r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2":
			listObjects(w, user, bucket, r.URL.Query().Get("prefix"))
		default:
			refuseObject(w, http.StatusMethodNotAllowed, "MethodNotAllowed", r.Method)
		}
	})
}

// bucketUser uses S3 with its permissions.
type bucketUser interface {
	PutObject(bucket, key string, content []byte) error
	GetObject(bucket, key string) ([]byte, error)
	ListObjects(bucket, prefix string) ([]string, error)
}

// bucketUser returns the session of the credentials, or their instance.
func (s *Server) bucketUser(keys credentials) (bucketUser, error) {
	if keys.session != nil {
		return keys.session, nil
	}
	return s.cloud.Machine(keys.instance)
}

func putObject(w http.ResponseWriter, r *http.Request, user bucketUser, bucket, key string, body []byte) {
	sum := sha256.Sum256(body)
	if given := r.Header.Get("X-Amz-Checksum-Sha256"); given != "" && given != base64.StdEncoding.EncodeToString(sum[:]) {
		refuseObject(w, http.StatusBadRequest, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
		return
	}
	if err := user.PutObject(bucket, key, body); err != nil {
		refuseObjectWith(w, err)
	}
}

func getObject(w http.ResponseWriter, user bucketUser, bucket, key string) {
	content, err := user.GetObject(bucket, key)
	if err != nil {
		refuseObjectWith(w, err)
		return
	}
	_, _ = w.Write(content) // a client that hangs up retries
}

func listObjects(w http.ResponseWriter, user bucketUser, bucket, prefix string) {
	keys, err := user.ListObjects(bucket, prefix)
	if err != nil {
		refuseObjectWith(w, err)
		return
	}
	type content struct{ Key string }
	result := struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		Name        string
		Prefix      string
		KeyCount    int
		IsTruncated bool
		Contents    []content
	}{Name: bucket, Prefix: prefix, KeyCount: len(keys)}
	for _, key := range keys {
		result.Contents = append(result.Contents, content{key})
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(result)
}

func refuseObjectWith(w http.ResponseWriter, err error) {
	failure := (*awssim.APIError)(nil)
	if !errors.As(err, &failure) {
		refuseObject(w, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	status := http.StatusBadRequest
	switch {
	case strings.HasPrefix(failure.Code, "NoSuch"):
		status = http.StatusNotFound
	case failure.Code == "AccessDenied":
		status = http.StatusForbidden
	}
	refuseObject(w, status, failure.Code, failure.Message)
}

func refuseObject(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
	}{Code: code, Message: message})
}
