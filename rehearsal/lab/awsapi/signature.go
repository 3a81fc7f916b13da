package awsapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9]+)/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$`)

var (
	errUnsigned = errors.New("the request is not signed for this region and service")
	errExpired  = errors.New("the security token included in the request is expired")
	errMismatch = errors.New("the request signature we calculated does not match the signature you provided")
)

// authenticate returns the credentials that a request was signed with (Signature Version 4; IAM User Guide, "Create a signed AWS API request").
func (s *Server) authenticate(r *http.Request, service string, body []byte) (credentials, error) {
	if r.URL.Query().Has(signatureParameter) {
		lasting, err := fromQuery(r, time.Now())
		if err != nil {
			return credentials{}, err
		}
		r = lasting
	}
	found := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if found == nil || found[3] != s.cloud.Region() || found[4] != service {
		return credentials{}, errUnsigned
	}
	s.mu.Lock()
	keys, ok := s.keys[found[1]]
	s.mu.Unlock()
	if !ok || r.Header.Get("X-Amz-Security-Token") != keys.sessionToken {
		return credentials{}, errExpired
	}
	signed := strings.Split(found[5], ";")
	needed := []string{"host", "x-amz-date", "x-amz-security-token"}
	if r.URL.Query().Has(algorithmParameter) { // the query is signed, with the date and the token
		needed = needed[:1]
	}
	for _, name := range needed {
		if !slices.Contains(signed, name) {
			return credentials{}, fmt.Errorf("%w: header %s is not signed", errMismatch, name)
		}
	}
	payload := hash(body)
	if given := r.Header.Get("X-Amz-Content-Sha256"); given != "" {
		if given != payload && given != "UNSIGNED-PAYLOAD" {
			return credentials{}, fmt.Errorf("%w: x-amz-content-sha256 is not the body's", errMismatch)
		}
		payload = given
	}
	var headers strings.Builder
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.Join(strings.Fields(value), " "))
	}
	canonical := strings.Join([]string{r.Method, r.URL.EscapedPath(), canonicalQuery(r.URL.RawQuery), headers.String(), found[5], payload}, "\n")
	scope := strings.Join([]string{found[2], found[3], found[4], "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), scope, hash([]byte(canonical))}, "\n")
	key := []byte("AWS4" + keys.secretKey)
	for _, part := range append(strings.Split(scope, "/"), text) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	if hex.EncodeToString(key) != found[6] {
		return credentials{}, errMismatch
	}
	return keys, nil
}

const (
	algorithmParameter = "X-Amz-Algorithm"
	signatureParameter = "X-Amz-Signature"
)

// fromQuery returns a request with a presigned URL as one with the same signature in its headers (Amazon S3 API Reference,
// "Authenticating Requests: Using Query Parameters").
func fromQuery(r *http.Request, now time.Time) (*http.Request, error) {
	query := r.URL.Query()
	began, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	seconds, secondsErr := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil || secondsErr != nil || seconds < 1 || seconds > 7*24*3600 {
		return nil, errUnsigned
	}
	if now.After(began.Add(time.Duration(seconds) * time.Second)) {
		return nil, fmt.Errorf("%w: the URL has expired", errMismatch)
	}
	out := r.Clone(r.Context())
	out.URL.RawQuery = strings.Join(slices.DeleteFunc(strings.Split(r.URL.RawQuery, "&"), func(part string) bool {
		return strings.HasPrefix(part, signatureParameter+"=")
	}), "&")
	out.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s, SignedHeaders=%s, Signature=%s",
		query.Get(algorithmParameter), query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders"), query.Get(signatureParameter)))
	out.Header.Set("X-Amz-Date", query.Get("X-Amz-Date"))
	out.Header.Set("X-Amz-Security-Token", query.Get("X-Amz-Security-Token"))
	out.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	return out, nil
}

// canonicalQuery sorts the parameters and adds missing equals signs.
func canonicalQuery(raw string) string {
	if raw == "" {
		return ""
	}
	parts := strings.Split(raw, "&")
	for i, part := range parts {
		if !strings.Contains(part, "=") {
			parts[i] = part + "="
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
