#include "server/rpc/call_observer.h"

#include <memory>
#include <utility>
#include <vector>

#include "grpcpp/support/server_interceptor.h"

namespace basin::server::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;

class CallTimer : public grpc::experimental::Interceptor {
 public:
  CallTimer(CallObserver* observer, const runtime::Clock* clock, std::string_view method)
      : observer_(observer), clock_(clock), method_(method), began_(clock->Read().mono) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      observer_->OnCall(method_, batch->GetSendStatus(), clock_->Read().mono - began_);
    }
    batch->Proceed();
  }

 private:
  CallObserver* const observer_;
  const runtime::Clock* const clock_;
  const std::string_view method_;
  const core::MonoTime began_;
};

class CallTimers : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  CallTimers(CallObserver* observer, const runtime::Clock* clock) : observer_(observer), clock_(clock) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    const std::string_view method = info->method();
    return method.starts_with("/basin.") ? new CallTimer(observer_, clock_, method) : nullptr;
  }

 private:
  CallObserver* const observer_;
  const runtime::Clock* const clock_;
};

}  // namespace

void Observe(CallObserver* observer, const runtime::Clock* clock, grpc::ServerBuilder* builder) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators;
  creators.push_back(std::make_unique<CallTimers>(observer, clock));
  builder->experimental().SetInterceptorCreators(std::move(creators));
}

}  // namespace basin::server::rpc
