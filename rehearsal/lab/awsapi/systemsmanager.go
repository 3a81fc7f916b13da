package awsapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// maxRequest is the largest body of a request, in bytes.
const maxRequest = 64 << 20

// parameterLimit is the largest value of a parameter of the standard tier, in bytes.
const parameterLimit = 4096

// SystemsManager returns the API of Systems Manager (JSON 1.1): those actions that instances use.
func (s *Server) SystemsManager() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if s.Fail(Throttling) {
			refuse(w, "ThrottlingException", "Rate exceeded")
			return
		}
		keys, err := s.authenticate(r, "ssm", body)
		switch {
		case errors.Is(err, errExpired):
			refuse(w, "ExpiredTokenException", err.Error())
		case err != nil:
			refuse(w, "InvalidSignatureException", err.Error())
		default:
			s.parameter(w, keys.instance, strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM."), body)
		}
	})
}

type parameterRequest struct {
	Name, Path, Type, Value   string
	KeyId                     string //nolint:revive // the name of the field in the API
	Overwrite, WithDecryption bool
}

func (s *Server) parameter(w http.ResponseWriter, id, action string, body []byte) {
	var request parameterRequest
	if err := json.Unmarshal(body, &request); err != nil {
		refuse(w, "SerializationException", err.Error())
		return
	}
	instance, err := s.cloud.Machine(id)
	if err != nil {
		refuse(w, "ExpiredTokenException", err.Error())
		return
	}
	answer := map[string]any{}
	switch action {
	case "GetParameter":
		value, err := instance.GetParameter(request.Name)
		if err != nil {
			refuseWith(w, err)
			return
		}
		answer["Parameter"] = map[string]any{"Name": request.Name, "Value": value}
	case "GetParametersByPath":
		found, err := instance.ParametersByPath(request.Path)
		if err != nil {
			refuseWith(w, err)
			return
		}
		list := []any{}
		for _, name := range slices.Sorted(maps.Keys(found)) {
			list = append(list, map[string]any{"Name": name, "Value": found[name].Value, "Version": found[name].Version})
		}
		answer["Parameters"] = list
	case "GetParameterHistory":
		newest, err := instance.ParameterHistory(request.Name)
		if err != nil {
			refuseWith(w, err)
			return
		}
		if !request.WithDecryption {
			newest.Value = "(encrypted)"
		}
		answer["Parameters"] = []any{map[string]any{
			"Name": request.Name, "Value": newest.Value, "Version": newest.Version, "LastModifiedUser": s.presentWriter(newest.LastModifiedUser),
		}}
	case "PutParameter":
		if len(request.Value) > parameterLimit {
			refuse(w, "ValidationException", fmt.Sprintf("Standard tier parameters support a maximum parameter value of %d characters", parameterLimit))
			return
		}
		if err := instance.PutSecret(request.Name, request.Value, request.KeyId); err != nil {
			refuseWith(w, err)
			return
		}
		s.mu.Lock()
		s.writes[request.Name]++
		answer["Version"] = s.writes[request.Name] + 1 // version 1 is Pulumi's
		s.mu.Unlock()
	default:
		refuse(w, "UnknownOperationException", action)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(answer)
}

// presentWriter is the ARN of a session with the present ID of its instance, see ReplaceInstance.
func (s *Server) presentWriter(arn string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	session := arn[strings.LastIndex(arn, "/")+1:]
	if id, replaced := s.replaced[session]; replaced {
		return strings.TrimSuffix(arn, session) + id
	}
	return arn
}

// refuseWith passes on an error of the simulated AWS.
func refuseWith(w http.ResponseWriter, err error) {
	if failure := (*awssim.APIError)(nil); errors.As(err, &failure) {
		refuse(w, failure.Code, failure.Message)
		return
	}
	refuse(w, "InternalServerError", err.Error())
}

func refuse(w http.ResponseWriter, kind, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": message})
}
