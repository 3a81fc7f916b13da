// Package cliserver serves a part of the APIs of EC2, Elastic Load Balancing, CloudWatch, Certificate Manager, Systems Manager and S3
// on loopback, so that the real AWS CLI, and the commands that run it, can use the simulated account.
package cliserver

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"

	"github.com/growbin/cluster/internal/testing/awssim"
	"github.com/growbin/cluster/internal/testing/awssim/s3server"
)

// maxRequest is the largest body of a request, in bytes.
const maxRequest = 1 << 20

// Server answers for one account. It does not verify signatures: its caller is that of the account's lookups, see awssim.Cloud.Assume.
type Server struct {
	cloud   *awssim.Cloud
	objects *s3server.Server
	http    *httptest.Server
}

// accessKey is that of the AWS CLI.
const accessKey = "simulated"

// New starts a server. objects has those of S3.
func New(cloud *awssim.Cloud, objects *s3server.Server) *Server {
	s := &Server{cloud: cloud, objects: objects}
	s.http = httptest.NewServer(s)
	return s
}

// URL is the address of the server.
func (s *Server) URL() string { return s.http.URL }

// Close stops the server.
func (s *Server) Close() { s.http.Close() }

// Environment are the variables of an AWS CLI that the server accepts.
func (s *Server) Environment() []string {
	region := s.cloud.Region()
	return []string{"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=unchecked", "AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_EC2_METADATA_DISABLED=true"}
}

// scope matches the region and the service that a request was signed for.
var scope = regexp.MustCompile(`Credential=[^/]+/\d{8}/([a-z0-9-]+)/([a-z0-9]+)/aws4_request`)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found := scope.FindStringSubmatch(r.Header.Get("Authorization"))
	if found != nil && found[1] == s.cloud.Region() && found[2] == "s3" {
		s.objects.Allow(accessKey, s.cloud.Caller())
		s.objects.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil || found == nil || found[1] != s.cloud.Region() {
		http.Error(w, "the request must be signed for "+s.cloud.Region(), http.StatusForbidden)
		return
	}
	switch found[2] {
	case "ec2":
		s.query(w, body, s.ec2, refuseEC2)
	case "elasticloadbalancing":
		s.query(w, body, s.balancing, refuseBalancing)
	case "monitoring":
		s.query(w, body, s.alarms, refuseBalancing) // the form of both
	case "acm", "ssm":
		s.json(w, r.Header.Get("X-Amz-Target"), body)
	default:
		s.query(w, body, func(string, url.Values) (any, error) { return nil, unknown(found[2]) }, refuseBalancing)
	}
}

// unknown is the refusal of an operation that is not modeled.
func unknown(operation string) error {
	return &awssim.APIError{Operation: operation, Code: "InvalidAction", Message: operation + " is not modeled by the simulated AWS"}
}

// reason returns the code and the message of an error.
func reason(err error) (code, message string) {
	if refusal := (*awssim.APIError)(nil); errors.As(err, &refusal) {
		return refusal.Code, refusal.Message
	}
	return "InternalFailure", err.Error()
}
