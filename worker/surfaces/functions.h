#pragma once

#include <memory>

#include "worker/surfaces/surface.h"

// The functions of basin/v1/surface.proto.
namespace basin::worker::surfaces {

std::unique_ptr<const Surface> CreateSaddle();
std::unique_ptr<const Surface> CreateMonkeySaddle();
std::unique_ptr<const Surface> CreateBeale();
std::unique_ptr<const Surface> CreateHimmelblau();

std::unique_ptr<const Surface> CreateQuadratic(int dimensions, double condition_number);
std::unique_ptr<const Surface> CreateRastrigin(int dimensions);
std::unique_ptr<const Surface> CreateStyblinskiTang(int dimensions);
std::unique_ptr<const Surface> CreateTwoWells(int dimensions, double tilt);

std::unique_ptr<const Surface> CreateRosenbrock(int dimensions);
std::unique_ptr<const Surface> CreateAckley(int dimensions);

}  // namespace basin::worker::surfaces
